/**
 * Storage of `oidc-provider` on SQLite: sessions, grants, codes, refresh tokens, interactions. Clients are read from their own table, so that a
 * changed secret is effective with the next request.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider'

const COLUMNS = 'payload, expires'
/** How long an entry is kept after its end, in seconds. A program is told by it that its device code has expired. */
const KEPT_AFTER_END_S: Readonly<Record<string, number>> = { DeviceCode: 60 }

/** The adapter of one model. @see {@link https://github.com/panva/node-oidc-provider/blob/main/example/my_adapter.js the contract} */
export class SqliteAdapter implements Adapter {
  readonly #database: DatabaseSync
  readonly #model: string

  constructor(database: DatabaseSync, model: string) {
    this.#database = database
    this.#model = model
  }

  /** @param expiresIn - In seconds; without it the entry does not expire. */
  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const expires =
      expiresIn === undefined ? null : Date.now() + (expiresIn + (KEPT_AFTER_END_S[this.#model] ?? 0)) * 1_000
    this.#database
      .prepare('INSERT OR REPLACE INTO state (model, id, payload, expires, grant_id, uid) VALUES (?, ?, ?, ?, ?, ?)')
      .run(this.#model, id, JSON.stringify(payload), expires, payload.grantId ?? null, payload.uid ?? null)
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    if (this.#model === 'Client') return this.#client(id)
    return parse(this.#database.prepare(`SELECT ${COLUMNS} FROM state WHERE model = ? AND id = ?`).get(this.#model, id))
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return parse(
      this.#database.prepare(`SELECT ${COLUMNS} FROM state WHERE model = ? AND uid = ?`).get(this.#model, uid),
    )
  }

  /** Device codes only. */
  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return parse(
      this.#database
        .prepare(`SELECT ${COLUMNS} FROM state WHERE model = ? AND json_extract(payload, '$.userCode') = ?`)
        .get(this.#model, userCode),
    )
  }

  /**
   * Marks a code or refresh token as used. `oidc-provider` reads the mark earlier, so of requests with the same one at the same moment several come here:
   * the first goes on, any other ends the grant, as a later one does.
   *
   * @throws InvalidGrant when it is used already.
   */
  async consume(id: string): Promise<void> {
    const { changes } = this.#database
      .prepare(
        `UPDATE state SET payload = json_set(payload, '$.consumed', ?)
         WHERE model = ? AND id = ? AND json_extract(payload, '$.consumed') IS NULL`,
      )
      .run(Math.floor(Date.now() / 1_000), this.#model, id)
    if (changes > 0) return
    const { grantId } = (await this.find(id)) ?? {}
    if (grantId !== undefined) endGrant(this.#database, grantId)
    throw new errors.InvalidGrant('it was used already')
  }

  async destroy(id: string): Promise<void> {
    this.#database.prepare('DELETE FROM state WHERE model = ? AND id = ?').run(this.#model, id)
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    this.#database.prepare('DELETE FROM state WHERE grant_id = ?').run(grantId)
  }

  #client(id: string): AdapterPayload | undefined {
    const row = this.#database.prepare('SELECT metadata FROM clients WHERE client_id = ?').get(id)
    return row === undefined ? undefined : JSON.parse(String(row['metadata']))
  }
}

/** Parses the payload of a row. Returns `undefined` without a row, and for a row that has expired. */
function parse(row: Readonly<Record<string, unknown>> | undefined): AdapterPayload | undefined {
  if (row === undefined) return undefined
  const { payload, expires } = row
  if (typeof expires === 'number' && expires <= Date.now()) return undefined
  return JSON.parse(String(payload))
}

/** Deletes a code or token unless it was used. */
export function discardUnused(database: DatabaseSync, model: string, id: string): void {
  database
    .prepare("DELETE FROM state WHERE model = ? AND id = ? AND json_extract(payload, '$.consumed') IS NULL")
    .run(model, id)
}

/** Records that a program asked for its device code. @returns `false` when it did so less than `seconds` ago. */
export function isFirstPoll(database: DatabaseSync, code: string, seconds: number): boolean {
  const now = Date.now()
  const { changes } = database
    .prepare(
      `INSERT INTO state (model, id, payload, expires) VALUES ('DevicePoll', ?, '{}', ?)
       ON CONFLICT (model, id) DO UPDATE SET expires = excluded.expires WHERE state.expires <= ?`,
    )
    .run(code, now + seconds * 1_000, now)
  return changes > 0
}

/** Deletes a grant with its codes and tokens: a refresh token that is saved later is refused without its grant. */
export function endGrant(database: DatabaseSync, grant: string): void {
  database.prepare("DELETE FROM state WHERE grant_id = ? OR (model = 'Grant' AND id = ?)").run(grant, grant)
}

/** Deletes what has expired. */
export function sweep(database: DatabaseSync): void {
  database.prepare('DELETE FROM state WHERE expires <= ?').run(Date.now())
}
