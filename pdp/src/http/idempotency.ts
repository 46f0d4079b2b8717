/**
 * `Idempotency-Key` middleware: a repeated request is carried out once, and gets the stored response. Keys are per caller and kept for 24 hours.
 *
 * A stored response may hold a secret. So it is replayed only while the caller has the roles and types of the first request, and is neither
 * suspended nor being erased. Each replay is recorded in the log.
 *
 * Only successful responses are stored: after a refusal or failure the same key may be used to retry. After a crash between the change and its
 * response nothing is stored; the retry then finds the change made (`grant_exists`, or no change). Responses name people and may hold a secret,
 * so each is encrypted with a key derived from its idempotency key, of which only a hash is stored.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { refuse } from '@mandate/protocol'
import type { NextFunction, RequestHandler, Response } from 'express'
import { changeBy, type Principal, requireStaying } from '../pap/pap.ts'
import type { Clock } from '../ports/clock.ts'
import type { Locks } from '../ports/locks.ts'
import type { Recorder } from '../ports/recorder.ts'
import type { Register } from '../ports/register.ts'
import type { Answers, People } from '../ports/stores.ts'
import { principalOf } from './exchange.ts'
import { requestText } from './json.ts'
import { routeOf } from './openapi/operations.ts'

export interface IdempotencyDeps {
  readonly answers: Answers
  readonly locks: Locks
  readonly clock: Clock
  readonly record: Recorder
  readonly register: Pick<Register, 'agent'>
  readonly people: Pick<People, 'isErasing'>
}

const KEPT_MS = 86_400_000
const METHODS = ['POST', 'PUT', 'PATCH']
/** Keys are long enough that they cannot be guessed from the stored hashes: a UUID has 36 characters. */
const KEY = /^[\x21-\x7e]{16,255}$/
const HEADERS = ['content-type', 'location'] as const
const IV_BYTES = 12
const TAG_BYTES = 16

interface StoredResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Roles and types of the caller at the first request. */
  readonly rights: readonly string[]
}

/** Replays the stored response for a repeated request; a concurrent one waits for the first. */
export function idempotent(deps: IdempotencyDeps): RequestHandler {
  return async (req, res, next) => {
    const key = req.get('idempotency-key')
    if (key === undefined || !METHODS.includes(req.method)) {
      next()
      return
    }
    if (!KEY.test(key))
      throw refuse('invalid_request', 'Idempotency-Key: must be 16 to 255 visible ASCII characters, such as a UUID.')
    const by = principalOf(res)
    const id = hash(`${by.name} ${by.actor ?? ''} ${by.inPerson}\n${key}`)
    await deps.locks.run(`answer ${id}`, async () => {
      const request = hash(`${req.method} ${req.originalUrl}\n${requestText(req.body ?? null)}`)
      const kept = await deps.answers.find(id, deps.clock() - KEPT_MS)
      if (kept && kept.request !== request)
        throw refuse('idempotency_key_reused', 'Idempotency-Key: was used for another request. Use a new key.')
      if (kept) {
        const stored = decrypt(kept.sealed, key)
        await requireSameRights(deps, by, stored)
        const change = { method: req.method, route: routeOf(req.baseUrl + req.path), status: stored.status }
        await deps.record([{ kind: 'answer_replayed', ...changeBy(by), change }])
        replay(res, stored)
        return
      }
      storeResponse(deps, res, { id, request, key, by }, next)
      const over = responseEnd(res)
      next()
      await over
    })
  }
}

const rightsOf = ({ roles, types = [] }: Principal): readonly string[] => [
  ...roles.map((role) => `role ${role}`),
  ...types.map((type) => `type ${type}`),
]

/** Checks the caller before a replay. @throws Fault `forbidden` when a role or type of the first request is missing, `conflict` during an erasure. */
async function requireSameRights(
  { register, people }: IdempotencyDeps,
  by: Principal,
  { rights }: StoredResponse,
): Promise<void> {
  const now = new Set(rightsOf(by))
  const isSuspended =
    by.party?.startsWith('agent:') === true && (await register.agent(by.party.slice('agent:'.length)))?.active !== true
  if (isSuspended || rights.some((right) => !now.has(right)))
    throw refuse('forbidden', 'You no longer have a role or type that the first request was made with.')
  if (by.party) await requireStaying({ people }, by.party)
}

/** Resolves when the response is complete, even if its client has disconnected. */
function responseEnd(res: Response): Promise<void> {
  const end = res.end
  return new Promise((resolve) => {
    res.end = (...args: unknown[]) => {
      resolve()
      return Reflect.apply(end, res, args)
    }
  })
}

interface FirstRequest {
  readonly id: string
  readonly request: string
  readonly key: string
  readonly by: Principal
}

/** Stores the response before it is sent. */
function storeResponse(
  { answers, clock }: IdempotencyDeps,
  res: Response,
  first: FirstRequest,
  next: NextFunction,
): void {
  const send = res.send.bind(res)
  res.send = (body: unknown) => {
    res.send = send
    if (res.statusCode >= 300 || typeof body !== 'string') return send(body)
    const { id, request, key, by } = first
    const headers = Object.fromEntries(HEADERS.flatMap((name) => (res.get(name) ? [[name, res.get(name) ?? '']] : [])))
    const encrypted = encrypt({ status: res.statusCode, headers, body, rights: rightsOf(by) }, key)
    const now = clock()
    answers
      .keep({ id, caller: by.name, request, sealed: encrypted, at: now }, now - KEPT_MS)
      .then(() => send(body))
      .catch(next)
    return res
  }
}

function replay(res: Response, { status, headers, body }: StoredResponse): void {
  res
    .status(status)
    .set({ ...headers, 'idempotent-replayed': 'true' })
    .send(body)
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url')
const encryptionKey = (key: string): Uint8Array => new Uint8Array(hkdfSync('sha256', key, '', 'mandate answer', 32))

function encrypt(stored: StoredResponse, key: string): Uint8Array {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', encryptionKey(key), iv)
  const text = Buffer.concat([cipher.update(JSON.stringify(stored), 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text])
}

function decrypt(encrypted: Uint8Array, key: string): StoredResponse {
  const decipher = createDecipheriv('aes-256-gcm', encryptionKey(key), encrypted.subarray(0, IV_BYTES))
  decipher.setAuthTag(encrypted.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  const text = Buffer.concat([decipher.update(encrypted.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
  return JSON.parse(text.toString('utf8')) as StoredResponse
}
