/**
 * Who else sees checkpoints: witnesses before they are published, anchors afterwards.
 *
 * @module
 */
import { type Anchors, createAnchors } from './anchors.ts'
import { createOutgoing } from './outgoing.ts'
import { type Cosign, createCosign, type Witness } from './witnesses.ts'

/** A publication waits this long for witnesses, at most. */
const WITNESS_MS = 1_000

export interface OutsideOptions {
  readonly witnesses: readonly Witness[]
  readonly anchorFile?: string | undefined
  readonly anchorUrl?: string | undefined
  /** Hosts of witnesses and anchors that may have private addresses. */
  readonly privateHosts: readonly string[]
  /** Of a witness that failed. @default 5000 */
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
