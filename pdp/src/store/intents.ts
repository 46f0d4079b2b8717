/**
 * Changes under way, in SQLite.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { type ResourceRef, splitRef } from '@mandate/protocol'
import type { Located } from '../ports/grants.ts'
import { scopeName } from '../ports/stored-names.ts'
import type { FactChange, Intents, Replacement, Transfer } from '../ports/stores.ts'
import { grantIn, insertGrant, type StoredGrant, storedGrant, text } from './rows.ts'
import { type Row, Statements } from './statements.ts'

export class SqliteIntents implements Intents {
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  async putTransfer({ from, to, at, recorded }: Transfer): Promise<void> {
    this.#sql.run(
      'INSERT OR REPLACE INTO transfers (resource, came_from, goes_to, at, recorded) VALUES (?, ?, ?, ?, ?)',
      to.resource,
      JSON.stringify(from),
      JSON.stringify(to),
      at,
      recorded ? 1 : 0,
    )
  }

  async transferOf(resource: ResourceRef): Promise<Transfer | undefined> {
    const row = this.#sql.get('SELECT * FROM transfers WHERE resource = ?', resource)
    return row && transferFrom(row)
  }

  async transfers(): Promise<readonly Transfer[]> {
    return this.#sql.all('SELECT * FROM transfers ORDER BY at').map(transferFrom)
  }

  async dropTransfer(resource: ResourceRef): Promise<void> {
    this.#sql.run('DELETE FROM transfers WHERE resource = ?', resource)
  }

  async completeTransfer({ from, to, at }: Transfer): Promise<void> {
    this.#sql.atomically(() => {
      this.#sql.run('INSERT OR IGNORE INTO past_deeds (deed) VALUES (?)', from.deed)
      const scope = scopeName({ deed: from.deed, part: undefined })
      // Parts of the deed are named `deed~<deed>~<part>`; "~" is followed by nothing but names in ASCII.
      this.#sql.run(
        `UPDATE grants SET revoked_at = ?, revoke_reason = 'transferred', ending = NULL
         WHERE (scope = ? OR (scope > ? AND scope < ?)) AND revoked_at IS NULL AND expires_at > ?`,
        at,
        scope,
        `${scope}~`,
        `${scope}\u007f`,
        at,
      )
      this.#sql.run(
        'INSERT OR REPLACE INTO resources (ref, type, owner, persona, parent) VALUES (?, ?, ?, ?, NULL)',
        to.resource,
        splitRef(to.resource).type,
        to.owner,
        to.persona,
      )
      this.#sql.run('DELETE FROM transfers WHERE resource = ?', to.resource)
    })
  }

  async isPast(deed: string): Promise<boolean> {
    return this.#sql.get('SELECT 1 FROM past_deeds WHERE deed = ?', deed) !== undefined
  }

  async putReplacement(replacement: Replacement): Promise<void> {
    this.#sql.atomically(() => {
      for (const { to } of replacement.exchanged) insertGrant(this.#sql, to)
      this.#sql.run(
        'INSERT INTO replacements (id, plan) VALUES (?, ?)',
        idOf(replacement),
        storedReplacement(replacement),
      )
    })
  }

  async replacements(): Promise<readonly Replacement[]> {
    const rows = this.#sql.all('SELECT plan FROM replacements ORDER BY id')
    return rows.map((row) => replacementIn(text(row['plan'])))
  }

  async dropReplacement(replacement: Replacement): Promise<void> {
    this.#sql.atomically(() => {
      for (const { to } of replacement.exchanged)
        this.#sql.run('DELETE FROM grants WHERE id = ? AND settled = 0', to.id)
      this.#sql.run('DELETE FROM replacements WHERE id = ?', idOf(replacement))
    })
  }

  async completeReplacement(replacement: Replacement): Promise<void> {
    const end = `UPDATE grants SET revoked_at = ?, revoked_by = ?, revoke_reason = 'replaced', replaced_by = ?, ending = NULL
      WHERE id = ? AND revoked_at IS NULL`
    this.#sql.atomically(() => {
      for (const { from, to } of replacement.exchanged) {
        this.#sql.run('UPDATE grants SET settled = 1 WHERE id = ?', to.id)
        this.#sql.run(end, replacement.at, replacement.by, to.id, from.id)
      }
      this.#sql.run('DELETE FROM replacements WHERE id = ?', idOf(replacement))
    })
  }

  async putFactChange(change: FactChange): Promise<void> {
    this.#sql.run('INSERT INTO fact_changes (id, body) VALUES (?, ?)', change.plan.id, JSON.stringify(change))
  }

  async factChanges(): Promise<readonly FactChange[]> {
    const rows = this.#sql.all('SELECT body FROM fact_changes ORDER BY id')
    return rows.map((row) => JSON.parse(text(row['body'])) as FactChange)
  }

  async dropFactChange({ plan }: FactChange): Promise<void> {
    this.#sql.run('DELETE FROM fact_changes WHERE id = ?', plan.id)
  }
}

const storedReplacement = (replacement: Replacement): string =>
  JSON.stringify({
    ...replacement,
    exchanged: replacement.exchanged.map((one) => ({ ...one, from: storedGrant(one.from), to: storedGrant(one.to) })),
  })

function replacementIn(plan: string): Replacement {
  const stored = JSON.parse(plan) as Omit<Replacement, 'exchanged'> & {
    readonly exchanged: readonly { readonly from: StoredGrant; readonly to: StoredGrant }[]
  }
  return { ...stored, exchanged: stored.exchanged.map(({ from, to }) => ({ from: grantIn(from), to: grantIn(to) })) }
}

const idOf = ({ exchanged }: Replacement): string => exchanged[0]?.to.id ?? ''

const transferFrom = (row: Row): Transfer => ({
  from: JSON.parse(text(row['came_from'])) as Located,
  to: JSON.parse(text(row['goes_to'])) as Located,
  at: Number(row['at']),
  recorded: Number(row['recorded']) === 1,
})
