/**
 * API keys: created and revoked by operators; a key allows evaluations about its resource types. Only the SHA-256 of a key is stored. It has 256 random
 * bits, so the hash needs neither salt nor stretching.
 *
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type KeyRequest, MAX_KEY_DAYS, refuse } from '@mandate/protocol'
import type { Clock } from '../ports/clock.ts'
import type { KnownCallers } from '../ports/known-callers.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { KeyRecord } from '../ports/stores.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, narrowing, type PapDeps, type Principal, person, withRole } from './pap.ts'

const KEY = /^mk_([0-7][0-9A-HJKMNP-TV-Z]{25})_[\w-]{43}$/
const SECRET_BYTES = 32
const DAY_MS = 86_400_000
/** Compared when the key is unknown, so that the comparison takes equally long. */
const NO_HASH = new Uint8Array(32)

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

/** Creates a key. Only this result contains it. */
export async function createKey(
  deps: PapDeps,
  request: KeyRequest,
  by: Principal,
): Promise<{ readonly record: KeyRecord; readonly key: string }> {
  withRole(by, 'operator')
  const now = deps.clock()
  const expiresAt = Date.parse(request.expires_at)
  if (expiresAt <= now || expiresAt > now + MAX_KEY_DAYS * DAY_MS)
    throw refuse('invalid_request', `expires_at: must be ahead, and at most ${MAX_KEY_DAYS} days.`, {
      field: 'expires_at',
    })
  const unknown = request.types.some((type) => !deps.policies().byType.has(type))
  if (unknown) throw refuse('invalid_request', 'types: no domain has one of these.', { field: 'types' })
  const id = deps.newId()
  const key = `mk_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`
  const record: KeyRecord = {
    id,
    name: request.name,
    types: [...new Set(request.types)].sort(),
    createdAt: now,
    createdBy: person(by),
    expiresAt,
    revokedAt: undefined,
  }
  await deps.record([entryOf(record, 'created', changeBy(by))])
  await deps.keys.add(record, hashOf(key))
  return { record, key }
}

/** Revokes a key: the next request with it gets 401, even if the log cannot be written. Idempotent. */
export async function revokeKey(deps: PapDeps, id: string, by: Principal): Promise<void> {
  withRole(by, 'operator')
  await deps.locks.run(lockKey.key(id), async () => {
    const key = await deps.keys.byId(id)
    if (!key) throw refuse('not_found', 'There is no such key.')
    const isComplete = !(await deps.keys.pending()).some((one) => one.id === id)
    if (key.record.revokedAt !== undefined && isComplete && !deps.narrowings.has(lockKey.key(id))) return
    const revoke = (): Promise<void> => deps.keys.revoke(id, key.record.revokedAt ?? deps.clock())
    await narrowing(deps, { what: lockKey.key(id), turn: lockKey.key(id) }, revoke, async (retry) => {
      await retry()
      await finishKey(deps, key.record, changeBy(by))
    })
  })
}

/** Records a revocation that is in effect. */
export async function finishKey(
  { keys, record }: Pick<PapDeps, 'keys' | 'record'>,
  key: KeyRecord,
  by: By,
): Promise<void> {
  await record([entryOf(key, 'revoked', by)])
  await keys.complete(key.id)
}

/** All keys, newest first, including revoked and expired ones. */
export async function listKeys(deps: PapDeps, by: Principal): Promise<readonly KeyRecord[]> {
  withRole(by, 'operator')
  return deps.keys.all()
}

/** The caller that a key stands for: resource types, no party, no roles. `undefined` for an unknown, revoked or expired key. */
export async function keyHolder(
  token: string,
  { keys, clock }: { readonly keys: Pick<KnownCallers, 'byId'>; readonly clock: Clock },
  origin: Principal['origin'],
): Promise<Principal | undefined> {
  const id = KEY.exec(token)?.[1]
  const found = id === undefined ? undefined : await keys.byId(id)
  const matches = timingSafeEqual(hashOf(token), found?.hash ?? NO_HASH)
  if (!found || !matches) return undefined
  const { revokedAt, expiresAt, types } = found.record
  if (revokedAt !== undefined || expiresAt <= clock()) return undefined
  const name = `service:mk_${id}`
  return { party: undefined, name, inPerson: false, types, actor: undefined, roles: [], origin, onlyAsks: true }
}

const hashOf = (key: string): Uint8Array => createHash('sha256').update(key).digest()

/** Leaves out the key's name: free text stays out of the log. */
const entryOf = ({ id, types, expiresAt }: KeyRecord, status: 'created' | 'revoked', by: By): EntryDraft => ({
  kind: 'key_changed',
  ...by,
  target: `mk_${id}`,
  change: { status, types, expires_at: new Date(expiresAt).toISOString() },
})
