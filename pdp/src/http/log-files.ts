/**
 * Serves the log's files by C2SP tlog-tiles: checkpoint, tiles of hashes, entry bundles. Tile paths are parsed into coordinates and never joined, so
 * that no other file can be read. Hashes contain no personal data: any caller with a token reads them. Entry bundles are for auditors.
 *
 * @see {@link https://c2sp.org/tlog-tiles tlog-tiles}
 * @module
 */
import { type EpochMillis, type LogLag, parseTilePath, refuse } from '@mandate/protocol'
import type { Express, RequestHandler } from 'express'
import type { Principal } from '../pap/pap.ts'
import type { Clock } from '../ports/clock.ts'
import type { DecisionLog } from '../ports/log.ts'
import type { Recorder } from '../ports/recorder.ts'
import { LruCache } from '../runtime/lru-cache.ts'
import { principalOf } from './exchange.ts'
import type { IdsOf, OperationHandler, OperationHandlers } from './handlers.ts'
import type { LOG_OPERATIONS } from './openapi/log.ts'

export interface LogFileDeps {
  readonly log: Pick<DecisionLog, 'checkpoint' | 'tile'>
  /** Reads how far publication and the index are behind. */
  readonly lag: () => Promise<LogLag>
  readonly record: Recorder
  readonly clock: Clock
}

/** `Cache-Control`: a checkpoint is fresh for a second, a tile is immutable; `private`, because both need a token. */
const CHECKPOINT_CACHE = 'private, max-age=1'
const TILE_CACHE = 'private, max-age=31536000, immutable'
const TAIL_MS = 3_600_000
const MAX_TAILS = 1_000

export function logHandlers(deps: LogFileDeps): OperationHandlers<IdsOf<typeof LOG_OPERATIONS>> {
  const tile = tileRoute(deps)
  return { checkpoint: checkpointRoute(deps), tile, partialTile: tile, readLag: lagRoute(deps) }
}

/** Mounts tiles from index 1000 on, whose index has several path elements that a path template cannot express: `/log/tile/0/x001/000`. */
export function mountDeepTiles(app: Express, tile: OperationHandler): void {
  app.use('/log/tile', (req, res, next) => {
    const isRead = /^(GET|HEAD)$/u.test(req.method)
    return isRead && typeof tile === 'function' ? tile(req, res, next) : next()
  })
}

const STAFF = ['operator', 'persona-admin', 'auditor'] as const

function lagRoute({ lag }: LogFileDeps): RequestHandler {
  return async (_req, res) => {
    const { roles } = principalOf(res)
    if (!STAFF.some((role) => roles.includes(role)))
      throw refuse('forbidden', 'Only operators, persona administrators and auditors may read the lag of the log.')
    res.json(await lag())
  }
}

function checkpointRoute({ log }: LogFileDeps): RequestHandler {
  return async (_req, res) => {
    const checkpoint = await log.checkpoint()
    if (checkpoint === undefined) throw refuse('not_found', 'The log is empty.')
    res.set('cache-control', CHECKPOINT_CACHE).type('text/plain; charset=utf-8').send(checkpoint)
  }
}

function tileRoute({ log, record, clock }: LogFileDeps): RequestHandler {
  const tails = new Tails(clock)
  return async (req, res) => {
    const by = principalOf(res)
    const tile = parseTilePath(`${req.baseUrl}${req.path}`.slice('/log/'.length))
    if (tile?.level === 'entries' && !by.roles.includes('auditor'))
      throw refuse('forbidden', 'Only auditors may read entry bundles.')
    const bytes = tile && (await log.tile(tile))
    if (!bytes) throw refuse('not_found', 'The log has no such tile, or only the full one.')
    if (tile.level === 'entries' && tails.begins(by))
      await record([{ kind: 'log_read', caller: by.name, ...by.origin, change: { as: 'bundles' } }])
    res.set('cache-control', TILE_CACHE).type('application/octet-stream')
    res.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
}

/** Records reads of entry bundles, once per reader and hour: an entry per read would give a follower something new to read for ever. */
class Tails {
  readonly #clock: Clock
  readonly #since = new LruCache<EpochMillis>(MAX_TAILS)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  begins({ name }: Principal): boolean {
    const now = this.#clock()
    const since = this.#since.get(name)
    if (since !== undefined && now - since < TAIL_MS) return false
    this.#since.set(name, now)
    return true
  }
}
