/**
 * SQL store of registered agents. Owns the table `agents`.
 *
 * @module
 */
import type { AgentRecord, Agents } from '../ports/register.ts'
import { type Announcer, note } from './announcer.ts'
import type { LeasesIn } from './leases.ts'
import { agentOf } from './rows.ts'
import { firstRow, type Queries } from './sql.ts'

export class SqlAgents implements Agents {
  readonly #sql: Queries
  readonly #leases: LeasesIn
  readonly #announcer: Announcer

  constructor(sql: Queries, leases: LeasesIn, announcer: Announcer) {
    this.#sql = sql
    this.#leases = leases
    this.#announcer = announcer
  }

  readonly proposeAgent = (agent: AgentRecord): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('agent', agent.id)
      await put(sql, agent, 0)
      await this.#announce(sql, agent.id)
    })

  readonly completeAgent = (agent: AgentRecord): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release('agent', agent.id)
      await put(sql, agent, 1)
      await this.#announce(sql, agent.id)
    })

  readonly bindAgent = (id: string, serviceSub: string): Promise<string> =>
    this.#sql.transaction(async (sql) => {
      await sql.change('UPDATE agents SET service_sub = $1 WHERE id = $2 AND service_sub IS NULL', serviceSub, id)
      await this.#announce(sql, id)
      const row = await firstRow(sql, 'SELECT * FROM agents WHERE id = $1', id)
      return (row && agentOf(row).serviceSub) ?? serviceSub
    })

  readonly agent = async (id: string): Promise<AgentRecord | undefined> => {
    const row = await firstRow(this.#sql, 'SELECT * FROM agents WHERE id = $1', id)
    return row && agentOf(row)
  }

  #announce(sql: Queries, id: string): Promise<void> {
    return this.#announcer.announce(sql, note('agent', { id }))
  }

  readonly agents = async (): Promise<readonly AgentRecord[]> =>
    (await this.#sql.rows('SELECT * FROM agents ORDER BY id')).map(agentOf)

  readonly pendingAgents = async (): Promise<readonly AgentRecord[]> =>
    (await this.#sql.rows('SELECT * FROM agents WHERE settled = 0')).map(agentOf)
}

/** Inserts or updates an agent. Does not change the service account of an existing row: `bindAgent` sets it once. */
async function put(sql: Queries, { id, active, serviceSub, createdAt }: AgentRecord, settled: 0 | 1): Promise<void> {
  await sql.change(
    `INSERT INTO agents (id, active, service_sub, created_at, settled) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (id) DO UPDATE SET active = excluded.active, settled = excluded.settled`,
    ...[id, active ? 1 : 0, serviceSub ?? null, createdAt, settled],
  )
}
