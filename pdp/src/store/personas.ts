/**
 * SQL store of personas. Owns the table `personas`.
 *
 * @module
 */
import type { PartyRef } from '@mandate/protocol'
import type { PersonaId } from '../ports/grants.ts'
import type { PersonaRecord, Personas } from '../ports/register.ts'
import type { LeasesIn } from './leases.ts'
import { personaOf } from './rows.ts'
import type { Queries, SqlValue } from './sql.ts'

export class SqlPersonas implements Personas {
  readonly #sql: Queries
  readonly #leases: LeasesIn

  constructor(sql: Queries, leases: LeasesIn) {
    this.#sql = sql
    this.#leases = leases
  }

  readonly proposePersona = (persona: PersonaRecord): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      await this.#leases(sql).require('persona', persona.id)
      await put(sql, persona, 0)
    })

  readonly completePersona = (persona: PersonaRecord): Promise<void> =>
    this.#sql.transaction(async (sql) => {
      await this.#leases(sql).release('persona', persona.id)
      await put(sql, persona, 1)
    })

  readonly personas = (holder: PartyRef | undefined): Promise<readonly PersonaRecord[]> =>
    holder
      ? this.#read('WHERE holder = $1 ORDER BY created_at, id', holder)
      : this.#read('ORDER BY created_at, id LIMIT 1000')

  readonly personasAwaitingApproval = (): Promise<readonly PersonaRecord[]> =>
    this.#read("WHERE status = 'pending' ORDER BY created_at, id LIMIT 1000")

  readonly persona = async (id: PersonaId): Promise<PersonaRecord | undefined> =>
    (await this.#read('WHERE id = $1', id))[0]

  readonly pendingPersonas = (): Promise<readonly PersonaRecord[]> => this.#read('WHERE settled = 0')

  async #read(where: string, ...values: readonly SqlValue[]): Promise<readonly PersonaRecord[]> {
    // allowed: sql: private, and its callers give constants with placeholders.
    return (await this.#sql.rows(`SELECT * FROM personas ${where}`, ...values)).map(personaOf)
  }
}

async function put(sql: Queries, persona: PersonaRecord, settled: 0 | 1): Promise<void> {
  const { id, holder, title, circle, domain, status, validFrom, validTill, autonomy, createdAt } = persona
  await sql.change(
    `INSERT INTO personas (id, holder, title, circle, domain, status, valid_from, valid_till, autonomy, created_at, settled)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ON CONFLICT (id) DO UPDATE SET status = excluded.status, valid_from = excluded.valid_from,
       valid_till = excluded.valid_till, autonomy = excluded.autonomy, settled = excluded.settled`,
    ...[id, holder, title, circle, domain, status, validFrom, validTill],
    ...[autonomy ? JSON.stringify(autonomy) : null, createdAt, settled],
  )
}
