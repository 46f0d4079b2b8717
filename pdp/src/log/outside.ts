/**
 * Publishes checkpoints outside the PDP: witnesses cosign them before publication, anchors get copies afterwards.
 *
 * @module
 */

import { createOutgoing } from '../runtime/outgoing.ts'
import { type Anchors, createAnchors } from './anchors.ts'
import { type Cosign, createCosign, type Witness } from './witnesses.ts'

/** Longest wait of a publication for witnesses, in milliseconds. */
const WITNESS_MS = 1_000

export interface OutsideOptions {
  readonly witnesses: readonly Witness[]
  readonly anchorFile?: string | undefined
  readonly anchorUrl?: string | undefined
  /** Hosts of witnesses and anchors that may have private addresses. */
  readonly privateHosts: readonly string[]
  /** Delay before a failed witness is asked again, in milliseconds. @default 5000 */
  readonly pauseMs?: number
  readonly onFault: (error: unknown) => void
}

export interface Outside {
  readonly cosign: Cosign
  readonly onCheckpoint: Anchors['add']
  readonly close: () => Promise<void>
}

export function createOutside({
  witnesses,
  anchorFile,
  anchorUrl,
  privateHosts,
  pauseMs,
  onFault,
}: OutsideOptions): Outside {
  const { post, close } = createOutgoing(privateHosts)
  const anchors = createAnchors({ file: anchorFile, url: anchorUrl, post, onFault })
  return {
    cosign: createCosign({ witnesses, post, timeoutMs: WITNESS_MS, pauseMs, onFault }),
    onCheckpoint: anchors.add,
    close: async () => {
      await anchors.close()
      await close()
    },
  }
}
