/**
 * Requests that are done once, however often they are sent: `Idempotency-Key` on the routes that change something.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { authzOf, refOf } from '@mandate/pep'
import { refuse } from '@mandate/protocol'
import type { Request, Response } from 'express'
import type { KeptAnswer, TripStore, TripWork } from './store.ts'

const KEY = /^[\x21-\x7e]{1,128}$/u

/** Keeps the answer of a request with the change that it tells of. */
export type Keep = (answer: KeptAnswer, within: Pick<TripWork, 'settle'>) => Promise<void>

export interface OnceDeps {
  readonly store: Pick<TripStore, 'claim' | 'release'>
  /** How long a request may be under way, in milliseconds: after that it was cut off by a crash. */
  readonly abandonedMs: number
}

/**
 * Runs `work` for a request and answers with its result, or answers with the kept result of the same request. `work` gets `keep`, to be
 * called in the transaction that makes its change: the change and its answer are kept together.
 *
 * @throws Fault `conflict` while the same request is under way, or when its key was used for another one.
 */
export async function once(
  { store, abandonedMs }: OnceDeps,
  req: Request,
  res: Response,
  work: (keep: Keep) => Promise<KeptAnswer>,
): Promise<void> {
  const key = req.get('Idempotency-Key')
  if (key === undefined) return answerWith(res, await work(async () => undefined))
  if (!KEY.test(key)) throw refuse('invalid_request', 'Idempotency-Key must be 1 to 128 printable characters.')
  const at = Date.now()
  const request = { caller: callerOf(req), key, fingerprint: fingerprintOf(req), at }
  const claim = await store.claim(request, at - abandonedMs)
  if (claim.kind === 'busy') throw underWay()
  if (claim.kind === 'different') throw refuse('conflict', 'This Idempotency-Key was used for another request.')
  if (claim.kind === 'answered') return answerWith(res.set('Idempotency-Replayed', 'true'), claim.answer)
  const keep: Keep = async (answer, within) => {
    if (!(await within.settle(claim.key, answer))) throw underWay()
  }
  try {
    answerWith(res, await work(keep))
  } finally {
    await store.release(claim.key)
  }
}

const underWay = () => refuse('conflict', 'The same request is under way.')

/** Subject and actor: what an agent did for one person is not what it did for another. */
function callerOf(req: Request): string {
  const { subject, actor } = authzOf(req)
  return JSON.stringify([subject, actor].filter((party) => party !== undefined).map(refOf))
}

function fingerprintOf(req: Request): string {
  const request = [req.method, req.originalUrl, JSON.stringify(req.body ?? null)]
  return createHash('sha256').update(request.join('\n')).digest('base64url')
}

function answerWith(res: Response, { status, body }: KeptAnswer): void {
  res.status(status).json(body)
}
