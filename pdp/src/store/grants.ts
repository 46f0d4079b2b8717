/**
 * SQL store of grants, including ended ones. Owns the table `grants`.
 *
 * @module
 */
import type { EpochMillis, PartyRef } from '@mandate/protocol'
import type { GrantBody, GrantEnd, GrantRecord, Scope } from '../ports/grants.ts'
import type { Leases } from '../ports/leases.ts'
import { type GrantFilter, type Grants, grantExists } from '../ports/register.ts'
import { scopeName } from '../ports/stored-names.ts'
import type { Exchanged } from '../ports/stores.ts'
import { type Announcer, note } from './announcer.ts'
import { END } from './grant-ends.ts'
import type { LeasesIn } from './leases.ts'
import type { ProposedGrants } from './proposed-grants.ts'
import { duplicateKey, grantOf, storedGrant } from './rows.ts'
import { firstRow, inList, type Queries, type SqlValue, text } from './sql.ts'

/** Methods are own properties, so that the stores of a register can be merged with `...`. */
export class SqlGrants implements Grants {
  readonly #sql: Queries
  readonly #leases: LeasesIn
  readonly #proposed: ProposedGrants
  readonly #announcer: Announcer

  constructor(sql: Queries, leases: LeasesIn, proposed: ProposedGrants, announcer: Announcer) {
    this.#sql = sql
    this.#leases = leases
    this.#proposed = proposed
    this.#announcer = announcer
  }

  readonly proposeGrant = async (grant: GrantBody, now: EpochMillis): Promise<void> => {
    // Before the insert: a decision must never find the grant and not know that it is only proposed.
    this.#proposed.add(grant.id)
    try {
      await this.#sql.transaction(async (sql) => {
        await this.#leases(sql).require('grant', grant.id)
        await insertGrant(sql, grant, now)
        await this.#announcer.announce(sql, note('proposed', { id: grant.id, isProposed: true }))
      })
    } catch (error) {
      this.#proposed.delete(grant.id)
      throw error
    }
  }

  readonly proposedAmong = (ids: readonly string[]): ReadonlySet<string> =>
    new Set(ids.filter((id) => this.#proposed.has(id)))

  readonly completeGrant = (id: string): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release('grant', id)
      await sql.change('UPDATE grants SET settled = 1 WHERE id = $1', id)
      await this.#endProposal(sql, id)
    })

  readonly dropGrant = (id: string): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release('grant', id)
      await sql.change('DELETE FROM grants WHERE id = $1 AND settled = 0', id)
      await this.#endProposal(sql, id)
    })

  async #endProposal(sql: Queries, id: string): Promise<void> {
    await this.#announcer.announce(sql, note('proposed', { id, isProposed: false }))
    sql.afterCommit(() => this.#proposed.delete(id))
  }

  readonly proposeEnd = (id: string, end: GrantEnd): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('end', id)
      await sql.change(
        'UPDATE grants SET ending = $1 WHERE id = $2 AND revoked_at IS NULL',
        ...[JSON.stringify(end), id],
      )
    })

  readonly endGrant = (id: string, { by, at, reason }: GrantEnd): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release('end', id)
      await sql.change(END, at, by, reason, null, id)
    })

  /** Ends all live grants on a deed or on a part of it, because the resource was transferred. */
  readonly endGrantsUnder = async (deed: string, at: EpochMillis): Promise<void> => {
    const scope = scopeName({ deed, part: undefined })
    // Range scan over the parts, named `deed~<deed>~<part>`: part names are ASCII, so all sort before U+007F.
    await this.#sql.change(
      `UPDATE grants SET revoked_at = $1, revoke_reason = 'transferred', ending = NULL
       WHERE (scope = $2 OR (scope > $3 AND scope < $4)) AND revoked_at IS NULL AND expires_at > $1`,
      ...[at, scope, `${scope}~`, `${scope}\u007f`],
    )
  }

  readonly proposeExchange = (exchanged: readonly Exchanged[], now: EpochMillis): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      const keys = inList(
        exchanged.map(({ to }) => duplicateKey(to)),
        2,
      )
      for (const { from } of exchanged) {
        // Serializes with a revocation of the same grant, which takes the same lease.
        await this.#leases(sql).require('end', from.id)
        await sql.change(
          `UPDATE grants SET holds_key = 0 WHERE id = $1 AND twin IN (${keys.places})`,
          from.id,
          ...keys.values,
        )
      }
      for (const { to } of exchanged) await insertGrant(sql, to, now)
    })

  readonly dropExchange = (exchanged: readonly Exchanged[]): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      for (const { to } of exchanged) {
        await sql.change('DELETE FROM grants WHERE id = $1 AND settled = 0', to.id)
        await this.#endProposal(sql, to.id)
      }
      for (const { from, to } of exchanged) {
        await releaseExchangedEnd(this.#leases(sql), from.id)
        await sql.change(
          'UPDATE grants SET holds_key = 1 WHERE id = $1 AND twin = $2 AND revoked_at IS NULL',
          ...[from.id, duplicateKey(to)],
        )
      }
    })

  readonly completeExchange = (exchanged: readonly Exchanged[], by: PartyRef, at: EpochMillis): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      for (const { from, to } of exchanged) {
        await sql.change('UPDATE grants SET settled = 1 WHERE id = $1', to.id)
        // Another PDP may have read the row after it was proposed and before its replacement was.
        await this.#endProposal(sql, to.id)
        await releaseExchangedEnd(this.#leases(sql), from.id)
        await sql.change(END, at, by, 'replaced', to.id, from.id)
      }
    })

  /** Erases the free-text revocation reasons that a person wrote. */
  readonly eraseWordsOf = async (person: PartyRef): Promise<void> => {
    await this.#sql.change("UPDATE grants SET revoke_reason = 'revoked' WHERE revoked_by = $1", person)
  }

  readonly pendingEnds = async (): Promise<readonly { readonly grant: GrantRecord; readonly end: GrantEnd }[]> => {
    const rows = await this.#sql.rows('SELECT * FROM grants WHERE ending IS NOT NULL AND settled = 1')
    return rows.map((row) => ({ grant: grantOf(row), end: JSON.parse(text(row['ending'])) as GrantEnd }))
  }

  readonly pendingGrants = (): Promise<readonly GrantRecord[]> => this.#read('WHERE settled = 0')

  readonly pendingGrant = async (id: string): Promise<GrantRecord | undefined> =>
    (await this.#read('WHERE id = $1 AND settled = 0', id))[0]

  readonly byId = async (id: string): Promise<GrantRecord | undefined> =>
    (await this.#read('WHERE id = $1 AND settled = 1', id))[0]

  readonly byIds = async (ids: readonly string[]): Promise<ReadonlyMap<string, GrantRecord>> => {
    if (ids.length === 0) return new Map()
    const { places, values } = inList([...new Set(ids)], 1)
    const found = await this.#read(`WHERE id IN (${places}) AND settled = 1`, ...values)
    return new Map(found.map((grant) => [grant.id, grant]))
  }

  readonly between = async (
    owner: PartyRef,
    delegate: PartyRef,
    within: readonly Scope[],
    limit: number,
  ): Promise<readonly GrantRecord[]> => {
    const { places, values } = inList(within.map(scopeName), 4)
    // Grants of these scopes, then the newest of any. `|| ''` makes SQLite use the index on `scope`: the owner may have many other grants.
    const here = `scope IN (${places}) AND owner || '' = $1 AND delegate || '' = $2 AND settled = 1`
    const any = 'owner = $1 AND delegate = $2 AND settled = 1'
    const [first, then] = [here, any].map(
      (where, part) =>
        // allowed: sql: the two conditions above.
        `SELECT * FROM (SELECT *, ${part} AS part FROM grants WHERE ${where} ORDER BY id DESC LIMIT $3) p${part}`,
    )
    const rows = await this.#sql.rows(
      `${first} UNION ALL ${then} ORDER BY part, id DESC`,
      ...[owner, delegate, limit, ...values],
    )
    const known = new Set<unknown>()
    const distinct = rows.filter(({ id }) => !known.has(id) && known.add(id))
    return distinct.slice(0, limit).map(grantOf)
  }

  readonly deadGrants = async (before: EpochMillis, limit: number): Promise<readonly GrantRecord[]> => {
    const dead = [
      'expires_at <= $1',
      'revoked_at <= $1',
      'parent IS NOT NULL AND (SELECT above.swept FROM grants above WHERE above.id = grants.parent) = 1',
    ].map((why) => `SELECT * FROM grants WHERE swept = 0 AND settled = 1 AND ending IS NULL AND ${why}`)
    const rows = await this.#sql.rows(
      `SELECT * FROM (${dead.join(' UNION ')}) AS dead ORDER BY id LIMIT $2`,
      before,
      limit,
    )
    return rows.map(grantOf)
  }

  readonly markSwept = async (id: string): Promise<boolean> =>
    (await this.#sql.change('UPDATE grants SET swept = 1 WHERE id = $1 AND swept = 0', id)) === 1

  readonly unsweptAt = (
    scope: Scope,
    delegate: PartyRef,
    { pending = false }: { readonly pending?: boolean } = {},
  ): Promise<readonly GrantRecord[]> =>
    this.#read(
      "WHERE scope = $1 AND delegate || '' = $2 AND swept = 0 AND settled >= $3 AND revoked_at IS NULL ORDER BY id",
      ...[scopeName(scope), delegate, pending ? 0 : 1],
    )

  readonly unsweptBelow = (parent: string): Promise<readonly GrantRecord[]> =>
    this.#read('WHERE parent = $1 AND swept = 0 AND settled = 1 AND revoked_at IS NULL ORDER BY id', parent)

  readonly grants = (filter: GrantFilter): Promise<readonly GrantRecord[]> => {
    const { where, values } = conditionsOf(filter)
    return this.#read(`WHERE ${where} ORDER BY id DESC LIMIT $${values.length + 1}`, ...values, filter.limit)
  }

  readonly unendedOf = (party: PartyRef, at: EpochMillis): Promise<readonly GrantRecord[]> =>
    this.#read(
      'WHERE (delegator = $1 OR delegate = $1) AND settled = 1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY id',
      ...[party, at],
    )

  readonly liveDuplicate = async (grant: GrantBody, now: EpochMillis, except = ''): Promise<string | undefined> => {
    const row = await firstRow(
      this.#sql,
      'SELECT id FROM grants WHERE twin = $1 AND id <> $2 AND settled = 1 AND revoked_at IS NULL AND expires_at > $3',
      ...[duplicateKey(grant), except, now],
    )
    return row && text(row['id'])
  }

  async #read(where: string, ...values: readonly SqlValue[]): Promise<readonly GrantRecord[]> {
    // allowed: sql: private, and its callers give constants with placeholders.
    return (await this.#sql.rows(`SELECT * FROM grants ${where}`, ...values)).map(grantOf)
  }
}

/**
 * Releases the lease on an end that is part of a replacement. The lease on the replacement says whose change it is; that of the end may still name a
 * PDP that is gone, or be missing in a row of an older release.
 *
 * @throws LeaseHeld while another PDP ends the grant.
 */
async function releaseExchangedEnd(leases: Leases, id: string): Promise<void> {
  await leases.require('end', id)
  await leases.release('end', id)
}

function conditionsOf(filter: GrantFilter): { readonly where: string; readonly values: readonly SqlValue[] } {
  const conditions = filter.pending ? ['TRUE'] : ['settled = 1']
  const values: SqlValue[] = []
  const add = (condition: (place: string) => string, value: SqlValue | undefined): void => {
    if (value === undefined) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  add((place) => `delegator = ${place}`, filter.delegator)
  add((place) => `delegate = ${place}`, filter.delegate)
  add((place) => `owner = ${place}`, filter.owner)
  add((place) => `covers = ${place}`, filter.covers)
  add((place) => `(delegator = ${place} OR delegate = ${place} OR owner = ${place})`, filter.party)
  add((place) => `id < ${place}`, filter.before)
  if (!filter.ended) add((place) => `revoked_at IS NULL AND expires_at > ${place}`, filter.now)
  return { where: conditions.join(' AND '), values }
}

/**
 * Inserts a grant as proposed. A unique index permits one live grant per duplicate key, also under concurrent writes. Expired grants release
 * the key first.
 *
 * @throws Fault `grant_exists` where another grant holds the key.
 */
async function insertGrant(sql: Queries, grant: GrantBody, now: EpochMillis): Promise<void> {
  const key = duplicateKey(grant)
  await sql.change(
    'UPDATE grants SET holds_key = 0 WHERE twin = $1 AND revoked_at IS NULL AND expires_at <= $2',
    key,
    now,
  )
  const inserted = await sql.change(
    `INSERT INTO grants (id, delegator, delegate, owner, covers, parent, expires_at, twin, body, settled)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT DO NOTHING`,
    ...[grant.id, grant.delegator, grant.delegate, grant.owner, grant.covers, grant.parent ?? null],
    ...[grant.expiresAt, key, JSON.stringify(storedGrant(grant))],
  )
  if (inserted === 1) return
  const holder = 'SELECT id FROM grants WHERE twin = $1 AND revoked_at IS NULL AND holds_key = 1'
  throw grantExists(text((await firstRow(sql, holder, key))?.['id']))
}
