/**
 * `Idempotency-Key` on routes that change state: a repeated request gets the stored response of the first, and changes nothing again.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { authzOf, refOf } from '@mandate/pep'
import { refuse } from '@mandate/protocol'
import type { Request, Response } from 'express'
import type { StoredResponse, TripStore, TripWork } from './store.ts'

const KEY = /^[\x21-\x7e]{1,128}$/u

/** Stores the response of a request, in the transaction that makes its change. */
export type SaveResponse = (response: StoredResponse, within: Pick<TripWork, 'settle'>) => Promise<void>

export interface IdempotencyDeps {
  readonly store: Pick<TripStore, 'claim' | 'release'>
  /** Age at which an open claim is taken as left by a crash, in milliseconds. */
  readonly abandonedMs: number
}

/**
 * Runs `work` for a request and sends its response, or sends the stored response of the same request. `work` must call `save` in the transaction
 * that makes its change, so that the change and its response are committed together.
 *
 * @throws Fault `conflict` while the same request is in progress, or when its key was used for another request.
 */
export async function runIdempotent(
  { store, abandonedMs }: IdempotencyDeps,
  req: Request,
  res: Response,
  work: (save: SaveResponse) => Promise<StoredResponse>,
): Promise<void> {
  const key = req.get('Idempotency-Key')
  if (key === undefined) return send(res, await work(async () => undefined))
  if (!KEY.test(key)) throw refuse('invalid_request', 'Idempotency-Key must be 1 to 128 printable characters.')
  const at = Date.now()
  const request = { caller: callerOf(req), key, fingerprint: fingerprintOf(req), at }
  const claim = await store.claim(request, at - abandonedMs)
  if (claim.kind === 'busy') throw inProgress()
  if (claim.kind === 'different') throw refuse('conflict', 'This Idempotency-Key was used for another request.')
  if (claim.kind === 'completed') return send(res.set('Idempotency-Replayed', 'true'), claim.response)
  const save: SaveResponse = async (response, within) => {
    if (!(await within.settle(claim.key, response))) throw inProgress()
  }
  try {
    send(res, await work(save))
  } finally {
    await store.release(claim.key)
  }
}

const inProgress = () => refuse('conflict', 'The same request is in progress.')

/** Subject and actor together: an agent's keys for one person are separate from its keys for another. */
function callerOf(req: Request): string {
  const { subject, actor } = authzOf(req)
  return JSON.stringify([subject, actor].filter((party) => party !== undefined).map(refOf))
}

function fingerprintOf(req: Request): string {
  const request = [req.method, req.originalUrl, JSON.stringify(req.body ?? null)]
  return createHash('sha256').update(request.join('\n')).digest('base64url')
}

function send(res: Response, { status, body }: StoredResponse): void {
  res.status(status).json(body)
}
