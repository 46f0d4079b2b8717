/**
 * Opens the decision log with its witnesses and anchors, and its index, as configured.
 *
 * @module
 */
import { join } from 'node:path'
import { parseWitnessKey } from '@mandate/protocol'
import { ConfigError } from '@mandate/service'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { type RunningIndex, startIndex } from './entry-index.ts'
import { type Files, nodeFiles } from './files.ts'
import { openLog } from './log.ts'
import { createOutside, type Outside } from './outside.ts'
import { changedKeys, loadSigner } from './signer.ts'
import type { Witness } from './witnesses.ts'

/** The decision log, ready to be appended to. */
export interface OpenDecisionLog {
  readonly log: Awaited<ReturnType<typeof openLog>>
  /** The log's signing keys where they differ from those of its last checkpoint, to be recorded. */
  readonly newKeys: ReturnType<typeof changedKeys>
}

/** How long a reader of the log waits for an index that is being built, in milliseconds. */
const INDEX_DEADLINE_MS = 2_000

/**
 * @param files - What the log is written through. @default the file system
 * @param closing - Gets what closes each part, as soon as it is open.
 * @throws ConfigError for a witness whose key cannot be read; Fault `log_unavailable` for a log that cannot be opened.
 */
export async function openDecisionLog(
  config: Config,
  logger: Logger,
  files: Files | undefined,
  closing: AsyncDisposableStack,
): Promise<OpenDecisionLog> {
  const dir = config.PDP_DATA_DIR
  const onFault = (error: unknown): void => logger.error({ err: error }, 'decision log')
  const signer = await loadSigner(nodeFiles(), dir, config.PDP_LOG_ORIGIN)
  const outside = await openOutside(config, onFault)
  closing.defer(outside.close)
  const log = await openLog({
    dir: join(dir, 'log'),
    origin: config.PDP_LOG_ORIGIN,
    signer,
    ...(files ? { files } : {}),
    onFailure: config.LOG_ON_FAILURE,
    onFault,
    cosign: outside.cosign,
    onCheckpoint: outside.onCheckpoint,
  })
  closing.defer(() => log.close())
  return { log, newKeys: changedKeys(await log.checkpoint(), signer) }
}

/**
 * Opens the index of a log. Only the PDP that has the log's origin may: it replaces what a shared index holds of another log of that origin.
 *
 * @param closing - Receives the disposer of the index.
 */
export function openIndex(
  config: Config,
  log: OpenDecisionLog['log'],
  logger: Logger,
  closing: AsyncDisposableStack,
): RunningIndex {
  const onFault = (error: unknown): void => logger.error({ err: error }, 'index of the decision log')
  const place = config.PDP_INDEX_URL ?? join(config.PDP_DATA_DIR, 'index.db')
  const issuer = { issuer: config.PDP_ISSUER, former: config.PDP_FORMER_ISSUER }
  const index = startIndex({ place, log, issuer, deadlineMs: INDEX_DEADLINE_MS, onFault })
  closing.defer(() => index.close())
  return index
}

async function openOutside(config: Config, onFault: (error: unknown) => void): Promise<Outside> {
  return createOutside({
    witnesses: await Promise.all(config.PDP_WITNESSES.map(readWitness)),
    anchorFile: config.PDP_ANCHOR_FILE,
    anchorUrl: config.PDP_ANCHOR_URL,
    privateHosts: config.PDP_PRIVATE_HOSTS,
    onFault,
  })
}

async function readWitness({ url, vkey }: Config['PDP_WITNESSES'][number]): Promise<Witness> {
  try {
    return { url, key: await parseWitnessKey(vkey) }
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'unreadable'
    throw new ConfigError([`PDP_WITNESSES: ${url}: ${problem}; a witness has a key of type 4`])
  }
}
