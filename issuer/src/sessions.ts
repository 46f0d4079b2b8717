/**
 * Sessions of `oidc-provider`, found by the `sid` of a token, and ended with everything that hangs on them.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import type Provider from 'oidc-provider'
import { z } from 'zod'
import { endGrant } from './adapter.ts'

const sessionSchema = z.object({
  jti: z.string(),
  uid: z.string(),
  loginTs: z.number().optional(),
  accountId: z.string(),
  amr: z.array(z.string()).default([]),
  authorizations: z
    .record(z.string(), z.object({ sid: z.string().optional(), grantId: z.string().optional() }))
    .default({}),
})

/** A session with a signed-in person. */
export type StoredSession = z.output<typeof sessionSchema>

/** Where a back-channel logout that failed is reported. */
export interface LogoutLogger {
  readonly warn: (fields: object, message: string) => void
}

/** What a sign-in adds to a session. */
const SIGNED_IN = ['accountId', 'authorizations', 'amr', 'acr', 'loginTs'].map((name) => `'$.${name}'`).join(', ')
/** What the published types of a client leave out. */
interface LogoutClient {
  readonly backchannelLogoutUri?: string
  readonly backchannelLogout: (sub: string, sid: string) => Promise<void>
}

const ALIVE = "state.model = 'Session' AND state.expires > ?"

/**
 * The session whose tokens with this `sid` are still good: `undefined` when it has ended, and when the grant of the client was ended in it (a code or
 * refresh token used twice, a refresh token revoked).
 */
export function grantedSessionBySid(database: DatabaseSync, sid: string): StoredSession | undefined {
  const row = database
    .prepare(
      `SELECT payload FROM state WHERE ${ALIVE} AND EXISTS (SELECT 1 FROM json_each(state.payload, '$.authorizations') AS client
       JOIN state AS granted ON granted.model = 'Grant' AND granted.id = json_extract(client.value, '$.grantId')
       WHERE json_extract(client.value, '$.sid') = ?)`,
    )
    .get(Date.now(), sid)
  return parse(row)
}

/** The session in which a client has this `sid`; `undefined` when it has ended. */
export function sessionBySid(database: DatabaseSync, sid: string): StoredSession | undefined {
  const row = database
    .prepare(
      `SELECT payload FROM state WHERE ${ALIVE} AND EXISTS (SELECT 1 FROM json_each(payload, '$.authorizations')
       WHERE json_extract(value, '$.sid') = ?)`,
    )
    .get(Date.now(), sid)
  return parse(row)
}

/** All sessions of a person. */
export function sessionsOf(database: DatabaseSync, sub: string): readonly StoredSession[] {
  const rows = database
    .prepare(`SELECT payload FROM state WHERE ${ALIVE} AND json_extract(payload, '$.accountId') = ?`)
    .all(Date.now(), sub)
  return rows.flatMap((row) => parse(row) ?? [])
}

/** The session with this uid; `undefined` when it has ended. */
export function sessionByUid(database: DatabaseSync, uid: string): StoredSession | undefined {
  return parse(database.prepare(`SELECT payload FROM state WHERE ${ALIVE} AND uid = ?`).get(Date.now(), uid))
}

/** Keeps a session that is in use from expiring: a refresh is activity, as it is for Keycloak. @param seconds - From now. */
export function extendSession(database: DatabaseSync, uid: string, seconds: number): void {
  const expires = Date.now() + seconds * 1_000
  database
    .prepare(
      `UPDATE state SET expires = ?, payload = json_set(payload, '$.exp', ?) WHERE ${ALIVE} AND uid = ? AND expires < ?`,
    )
    .run(expires, Math.floor(expires / 1_000), Date.now(), uid, expires)
}

/** Deletes the sessions of a person, and their tokens. Clients are not told: for a login that is deleted. */
export function forgetSessions(database: DatabaseSync, sub: string): void {
  database.prepare("DELETE FROM state WHERE json_extract(payload, '$.accountId') = ?").run(sub)
}

/**
 * Ends a session: its tokens can no longer be refreshed or exchanged, and its clients get a logout token (OpenID Connect Back-Channel Logout 1.0).
 * A client that does not respond does not stop the others. The browser's session is kept without its person: a sign-in under way refers to it.
 */
export async function endSession(
  provider: Provider,
  database: DatabaseSync,
  session: StoredSession,
  logger: LogoutLogger,
): Promise<void> {
  const grants = Object.values(session.authorizations).flatMap(({ grantId }) => grantId ?? [])
  for (const grant of grants) endGrant(database, grant)
  database
    .prepare(`UPDATE state SET payload = json_remove(payload, ${SIGNED_IN}) WHERE model = 'Session' AND id = ?`)
    .run(session.jti)
  const told = Object.entries(session.authorizations).map(async ([clientId, { sid }]) => {
    const client = (await provider.Client.find(clientId)) as LogoutClient | undefined
    if (sid !== undefined && client?.backchannelLogoutUri) await client.backchannelLogout(session.accountId, sid)
  })
  for (const outcome of await Promise.allSettled(told)) {
    if (outcome.status === 'rejected') logger.warn({ err: outcome.reason }, 'back-channel logout failed')
  }
}

function parse(row: Readonly<Record<string, unknown>> | undefined): StoredSession | undefined {
  if (row === undefined) return undefined
  return sessionSchema.safeParse(JSON.parse(String(row['payload']))).data
}
