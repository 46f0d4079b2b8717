/**
 * Requests that are done once, however often they are sent: `Idempotency-Key` on the routes that change something.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { authzOf, refOf } from '@mandate/pep'
import { refuse } from '@mandate/protocol'
import type { Request, Response } from 'express'
import type { KeptAnswer, TripStore } from './store.ts'

const KEY = /^[\x21-\x7e]{1,128}$/u

/**
 * Runs `work` for a request and answers with its result, or answers with the kept result of the same request. `work` gets `keep`, to be
 * called in the transaction that makes its change: the change and its answer are kept together.
 *
 * @throws Fault `conflict` while the same request is under way, or when its key was used for another one.
 */
export async function once(
  store: Pick<TripStore, 'claim' | 'settle' | 'release'>,
  req: Request,
  res: Response,
  work: (keep: (answer: KeptAnswer) => void) => Promise<KeptAnswer> | KeptAnswer,
): Promise<void> {
  const key = req.get('Idempotency-Key')
  if (key === undefined) return answerWith(res, await work(() => undefined))
  if (!KEY.test(key)) throw refuse('invalid_request', 'Idempotency-Key must be 1 to 128 printable characters.')
  const caller = callerOf(req)
  const claim = store.claim(caller, key, fingerprintOf(req))
  if (claim.kind === 'busy') throw refuse('conflict', 'The same request is under way.')
  if (claim.kind === 'different') throw refuse('conflict', 'This Idempotency-Key was used for another request.')
  if (claim.kind === 'answered') return answerWith(res.set('Idempotency-Replayed', 'true'), claim.answer)
  try {
    answerWith(res, await work((answer) => store.settle(caller, key, answer)))
  } finally {
    store.release(caller, key)
  }
}

/** Subject and actor: what an agent did for one person is not what it did for another. */
function callerOf(req: Request): string {
  const { subject, actor } = authzOf(req)
  return actor ? `${refOf(subject)} ${refOf(actor)}` : refOf(subject)
}

function fingerprintOf(req: Request): string {
  const request = [req.method, req.originalUrl, JSON.stringify(req.body ?? null)]
  return createHash('sha256').update(request.join('\n')).digest('base64url')
}

function answerWith(res: Response, { status, body }: KeptAnswer): void {
  res.status(status).json(body)
}
