/**
 * The register: personas, agents and grants as remembered, ended ones included. Synchronous and durable: a statement that returned is on disk.
 *
 * @module
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { type EpochMillis, type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import type { GrantBody, GrantEnd, GrantRecord, Located, PersonaId, Scope } from '../ports/grants.ts'
import type { AgentRecord, GrantFilter, PersonaRecord, Register } from '../ports/register.ts'
import { scopeName } from '../ports/stored-names.ts'
import { agentOf, grantOf, insertGrant, personaOf, refOf, text, twinKey } from './rows.ts'
import { Statements } from './statements.ts'

const PERSONA_COLUMNS =
  'id, holder, title, circle, domain, status, valid_from, valid_till, autonomy, created_at, settled'

export class SqliteRegister implements Register {
  readonly #sql: Statements
  /** Looked at by every decision, so it is in memory too. */
  readonly #proposed: Set<string>

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
    const rows = this.#sql.all(
      `SELECT id FROM grants WHERE settled = 0 AND id NOT IN (
         SELECT json_extract(value, '$.to.id') FROM replacements, json_each(plan, '$.exchanged'))`,
    )
    this.#proposed = new Set(rows.map((row) => text(row['id'])))
  }

  async proposeGrant(grant: GrantBody): Promise<void> {
    this.#proposed.add(grant.id)
    insertGrant(this.#sql, grant)
  }

  async proposedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.filter((id) => this.#proposed.has(id)))
  }

  async completeGrant(id: string): Promise<void> {
    this.#sql.run('UPDATE grants SET settled = 1 WHERE id = ?', id)
    this.#proposed.delete(id)
  }

  async dropGrant(id: string): Promise<void> {
    this.#sql.run('DELETE FROM grants WHERE id = ? AND settled = 0', id)
    this.#proposed.delete(id)
  }

  async proposeEnd(id: string, end: GrantEnd): Promise<void> {
    this.#sql.run('UPDATE grants SET ending = ? WHERE id = ? AND revoked_at IS NULL', JSON.stringify(end), id)
  }

  async endGrant(id: string, { by, at, reason }: GrantEnd): Promise<void> {
    this.#sql.run(
      `UPDATE grants SET revoked_at = ?, revoked_by = ?, revoke_reason = ?, ending = NULL WHERE id = ? AND revoked_at IS NULL`,
      at,
      by,
      reason,
      id,
    )
  }

  async pendingEnds(): Promise<readonly { readonly grant: GrantRecord; readonly end: GrantEnd }[]> {
    const rows = this.#sql.all('SELECT * FROM grants WHERE ending IS NOT NULL AND settled = 1')
    return rows.map((row) => ({ grant: grantOf(row), end: JSON.parse(text(row['ending'])) as GrantEnd }))
  }

  async pendingGrants(): Promise<readonly GrantRecord[]> {
    return this.#sql.all('SELECT * FROM grants WHERE settled = 0').map(grantOf)
  }

  async pendingGrant(id: string): Promise<GrantRecord | undefined> {
    const row = this.#sql.get('SELECT * FROM grants WHERE id = ? AND settled = 0', id)
    return row && grantOf(row)
  }

  async between(
    owner: PartyRef,
    delegate: PartyRef,
    within: readonly Scope[],
    limit: number,
  ): Promise<readonly GrantRecord[]> {
    // By scope first, or one with many grants would be looked through for those of one thing.
    const here = this.#sql.all(
      'SELECT * FROM grants WHERE scope IN (SELECT value FROM json_each(?)) AND +owner = ? AND +delegate = ? AND settled = 1 ORDER BY id DESC LIMIT ?',
      JSON.stringify(within.map(scopeName)),
      owner,
      delegate,
      limit,
    )
    const sql = 'SELECT * FROM grants WHERE owner = ? AND delegate = ? AND settled = 1 ORDER BY id DESC LIMIT ?'
    const newest = this.#sql.all(sql, owner, delegate, limit)
    const known = new Set(here.map((row) => row['id']))
    return [...here, ...newest.filter((row) => !known.has(row['id']))].slice(0, limit).map(grantOf)
  }

  async unsweptAt(scope: Scope, delegate: PartyRef): Promise<readonly GrantRecord[]> {
    const sql =
      'SELECT * FROM grants WHERE scope = ? AND +delegate = ? AND swept = 0 AND settled = 1 AND revoked_at IS NULL ORDER BY id'
    return this.#sql.all(sql, scopeName(scope), delegate).map(grantOf)
  }

  async unsweptBelow(parent: string): Promise<readonly GrantRecord[]> {
    const sql = 'SELECT * FROM grants WHERE parent = ? AND swept = 0 AND settled = 1 AND revoked_at IS NULL ORDER BY id'
    return this.#sql.all(sql, parent).map(grantOf)
  }

  async byId(id: string): Promise<GrantRecord | undefined> {
    const row = this.#sql.get('SELECT * FROM grants WHERE id = ? AND settled = 1', id)
    return row && grantOf(row)
  }

  async byIds(ids: readonly string[]): Promise<ReadonlyMap<string, GrantRecord>> {
    const sql = 'SELECT * FROM grants WHERE id IN (SELECT value FROM json_each(?)) AND settled = 1'
    const rows = this.#sql.all(sql, JSON.stringify(ids))
    return new Map(rows.map((row) => [text(row['id']), grantOf(row)]))
  }

  async deadGrants(before: EpochMillis, limit: number): Promise<readonly GrantRecord[]> {
    const dead = [
      'expires_at <= :before',
      'revoked_at <= :before',
      'parent IS NOT NULL AND (SELECT above.swept FROM grants above WHERE above.id = grants.parent) = 1',
    ].map((why) => `SELECT * FROM grants WHERE swept = 0 AND settled = 1 AND ending IS NULL AND ${why}`)
    const sql = `SELECT * FROM (${dead.join(' UNION ')}) ORDER BY id LIMIT :limit`
    return this.#sql.allNamed(sql, { before, limit }).map(grantOf)
  }

  async markSwept(id: string): Promise<void> {
    this.#sql.run('UPDATE grants SET swept = 1 WHERE id = ?', id)
  }

  async grants(filter: GrantFilter): Promise<readonly GrantRecord[]> {
    const wheres = filter.pending ? ['TRUE'] : ['settled = 1']
    const values: SQLInputValue[] = []
    const where = (sql: string, ...bound: (SQLInputValue | undefined)[]): void => {
      if (bound[0] === undefined) return
      wheres.push(sql)
      values.push(...bound.filter((value) => value !== undefined))
    }
    where('delegator = ?', filter.delegator)
    where('delegate = ?', filter.delegate)
    where('owner = ?', filter.owner)
    where('covers = ?', filter.covers)
    where('(delegator = ? OR delegate = ? OR owner = ?)', filter.party, filter.party, filter.party)
    where('id < ?', filter.before)
    if (!filter.ended) where('revoked_at IS NULL AND expires_at > ?', filter.now)
    return this.#sql
      .all(`SELECT * FROM grants WHERE ${wheres.join(' AND ')} ORDER BY id DESC LIMIT ?`, ...values, filter.limit)
      .map(grantOf)
  }

  async unendedOf(party: PartyRef, at: EpochMillis): Promise<readonly GrantRecord[]> {
    const sql =
      'SELECT * FROM grants WHERE (delegator = ? OR delegate = ?) AND settled = 1 AND revoked_at IS NULL AND expires_at > ? ORDER BY id'
    return this.#sql.all(sql, party, party, at).map(grantOf)
  }

  async liveDuplicate(grant: GrantBody, now: EpochMillis, except = ''): Promise<string | undefined> {
    const sql =
      'SELECT id FROM grants WHERE twin = ? AND id <> ? AND settled = 1 AND revoked_at IS NULL AND expires_at > ?'
    const id = this.#sql.get(sql, twinKey(grant), except, now)?.['id']
    return typeof id === 'string' ? id : undefined
  }

  async putPersona(persona: PersonaRecord, settled: boolean): Promise<void> {
    this.#sql.run(
      `INSERT OR REPLACE INTO personas (${PERSONA_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      persona.id,
      persona.holder,
      persona.title,
      persona.circle,
      persona.domain,
      persona.status,
      persona.validFrom,
      persona.validTill,
      persona.autonomy ? JSON.stringify(persona.autonomy) : null,
      persona.createdAt,
      settled ? 1 : 0,
    )
  }

  async personas(holder: PartyRef | undefined): Promise<readonly PersonaRecord[]> {
    const rows = holder
      ? this.#sql.all(`SELECT ${PERSONA_COLUMNS} FROM personas WHERE holder = ? ORDER BY created_at, id`, holder)
      : this.#sql.all(`SELECT ${PERSONA_COLUMNS} FROM personas ORDER BY created_at, id LIMIT 1000`)
    return rows.map(personaOf)
  }

  async personasWaiting(): Promise<readonly PersonaRecord[]> {
    return this.#sql
      .all(`SELECT ${PERSONA_COLUMNS} FROM personas WHERE status = 'pending' ORDER BY created_at, id LIMIT 1000`)
      .map(personaOf)
  }

  async persona(id: PersonaId): Promise<PersonaRecord | undefined> {
    const row = this.#sql.get(`SELECT ${PERSONA_COLUMNS} FROM personas WHERE id = ?`, id)
    return row && personaOf(row)
  }

  async pendingPersonas(): Promise<readonly PersonaRecord[]> {
    return this.#sql.all(`SELECT ${PERSONA_COLUMNS} FROM personas WHERE settled = 0`).map(personaOf)
  }

  async putAgent(agent: AgentRecord, settled: boolean): Promise<void> {
    this.#sql.run(
      `INSERT INTO agents (id, active, service_sub, created_at, settled) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET active = excluded.active, settled = excluded.settled`,
      agent.id,
      agent.active ? 1 : 0,
      agent.serviceSub ?? null,
      agent.createdAt,
      settled ? 1 : 0,
    )
  }

  async bindAgent(id: string, serviceSub: string): Promise<string> {
    this.#sql.run('UPDATE agents SET service_sub = ? WHERE id = ? AND service_sub IS NULL', serviceSub, id)
    return (await this.agent(id))?.serviceSub ?? serviceSub
  }

  async agent(id: string): Promise<AgentRecord | undefined> {
    const row = this.#sql.get('SELECT * FROM agents WHERE id = ?', id)
    return row && agentOf(row)
  }

  async agents(): Promise<readonly AgentRecord[]> {
    return this.#sql.all('SELECT * FROM agents ORDER BY id').map(agentOf)
  }

  async pendingAgents(): Promise<readonly AgentRecord[]> {
    return this.#sql.all('SELECT * FROM agents WHERE settled = 0').map(agentOf)
  }

  async modelOf(storeId: string, policy: string): Promise<string | undefined> {
    const id = this.#sql.get('SELECT model_id FROM models WHERE store_id = ? AND policy = ?', storeId, policy)?.[
      'model_id'
    ]
    return typeof id === 'string' ? id : undefined
  }

  async rememberModel(storeId: string, policy: string, modelId: string): Promise<void> {
    this.#sql.run(
      'INSERT OR REPLACE INTO models (store_id, policy, model_id) VALUES (?, ?, ?)',
      storeId,
      policy,
      modelId,
    )
  }

  async owned(owner: PartyRef, type: string, persona?: PersonaId): Promise<readonly ResourceRef[]> {
    const sql = 'SELECT ref, persona FROM resources WHERE owner = ? AND type = ? AND parent IS NULL'
    const rows = this.#sql.all(sql, owner, type)
    return rows.filter((row) => persona === undefined || row['persona'] === persona).map((row) => refOf(row))
  }

  async parts(parent: ResourceRef, type: string): Promise<readonly ResourceRef[]> {
    return this.#sql.all('SELECT ref FROM resources WHERE parent = ? AND type = ?', parent, type).map(refOf)
  }

  async putResource({ resource, owner, persona, ancestors }: Located, since = ''): Promise<void> {
    const sql = `INSERT INTO resources (ref, type, owner, persona, parent, since) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (ref) DO UPDATE SET type = excluded.type, owner = excluded.owner, persona = excluded.persona, parent = excluded.parent`
    this.#sql.run(sql, resource, splitRef(resource).type, owner, persona, ancestors[0] ?? null, since)
  }

  async since(resource: ResourceRef): Promise<string> {
    return String(this.#sql.get('SELECT since FROM resources WHERE ref = ?', resource)?.['since'] ?? '')
  }

  async dropResource(resource: ResourceRef): Promise<void> {
    this.#sql.run('DELETE FROM resources WHERE ref = ?', resource)
  }
}
