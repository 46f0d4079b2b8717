/**
 * Sessions that ended at the identity provider, by hash, for as long as a token of theirs could live. In SQLite, so that a restart forgets none.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { EpochMillis } from '@mandate/protocol'
import type { Clock } from '../ports.ts'
import type { Sessions } from '../remembered.ts'
import { text } from './rows.ts'
import { Statements } from './statements.ts'

export class SqliteSessions implements Sessions {
  readonly #sql: Statements
  readonly #clock: Clock
  /** All of them: a decision looks here, not in the database. */
  readonly #ended: Map<string, EpochMillis>

  constructor(database: DatabaseSync, clock: Clock) {
    this.#sql = new Statements(database)
    this.#clock = clock
    const rows = this.#sql.all('SELECT hash, until FROM ended_sessions')
    this.#ended = new Map(rows.map((row) => [text(row['hash']), Number(row['until'])]))
  }

  end(sid: string, until: EpochMillis): void {
    const hash = hashOf(sid)
    this.#sql.run('INSERT OR REPLACE INTO ended_sessions (hash, until) VALUES (?, ?)', hash, until)
    this.#ended.set(hash, until)
    this.#forgetOld()
  }

  isEnded(sid: string): boolean {
    // Whoever has not signed out costs nothing: most of the time there is nobody in here.
    return this.#ended.size > 0 && (this.#ended.get(hashOf(sid)) ?? 0) > this.#clock()
  }

  #forgetOld(): void {
    const now = this.#clock()
    this.#sql.run('DELETE FROM ended_sessions WHERE until <= ?', now)
    for (const [hash, until] of this.#ended) if (until <= now) this.#ended.delete(hash)
  }
}

const hashOf = (sid: string): string => createHash('sha256').update(sid).digest('base64url')
