/**
 * Changes under way, in SQLite.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { type ResourceRef, splitRef } from '@mandate/protocol'
import type { Located } from '../ports.ts'
import type { Intents, Transfer } from '../remembered.ts'
import { text } from './rows.ts'
import { type Row, Statements } from './statements.ts'

export class SqliteIntents implements Intents {
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database)
  }

  putTransfer({ from, to, at, recorded }: Transfer): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO transfers (resource, came_from, goes_to, at, recorded) VALUES (?, ?, ?, ?, ?)',
      to.resource,
      JSON.stringify(from),
      JSON.stringify(to),
      at,
      recorded ? 1 : 0,
    )
  }

  transferOf(resource: ResourceRef): Transfer | undefined {
    const row = this.#sql.get('SELECT * FROM transfers WHERE resource = ?', resource)
    return row && transferFrom(row)
  }

  transfers(): readonly Transfer[] {
    return this.#sql.all('SELECT * FROM transfers ORDER BY at').map(transferFrom)
  }

  dropTransfer(resource: ResourceRef): void {
    this.#sql.run('DELETE FROM transfers WHERE resource = ?', resource)
  }

  settleTransfer({ from, to, at }: Transfer): void {
    this.#sql.atomically(() => {
      this.#sql.run('INSERT OR IGNORE INTO past_deeds (deed) VALUES (?)', from.deed)
      const scope = `deed~${from.deed}`
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

  isPast(deed: string): boolean {
    return this.#sql.get('SELECT 1 FROM past_deeds WHERE deed = ?', deed) !== undefined
  }
}

const transferFrom = (row: Row): Transfer => ({
  from: JSON.parse(text(row['came_from'])) as Located,
  to: JSON.parse(text(row['goes_to'])) as Located,
  at: Number(row['at']),
  recorded: Number(row['recorded']) === 1,
})
