/**
 * What a witness remembers: for each log the newest checkpoint that it cosigned. One SQLite file, so that looking and writing are one step however
 * many processes use it, and what was answered is durable.
 *
 * @module
 */
import { DatabaseSync } from 'node:sqlite'

export interface Cosigned {
  readonly size: number
  /** Base 64. */
  readonly root: string
  /** The whole note: the log's signatures that were verified, and ours. */
  readonly note: string
}

export class WitnessStore {
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec(`PRAGMA busy_timeout = 2000; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS cosigned (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL) STRICT`)
  }

  newest(origin: string): Cosigned | undefined {
    const row = this.#database.prepare('SELECT size, root, note FROM cosigned WHERE origin = ?').get(origin)
    return row && { size: Number(row['size']), root: String(row['root']), note: String(row['note']) }
  }

  /**
   * Remembers a checkpoint in place of the one that it was found consistent with.
   *
   * @returns Whether that was still the newest; nothing is changed when it was not.
   */
  advance(origin: string, from: Cosigned | undefined, to: Cosigned): boolean {
    const { changes } = from
      ? this.#database
          .prepare('UPDATE cosigned SET size = ?, root = ?, note = ? WHERE origin = ? AND size = ? AND root = ?')
          .run(to.size, to.root, to.note, origin, from.size, from.root)
      : this.#database
          .prepare('INSERT INTO cosigned (origin, size, root, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
          .run(origin, to.size, to.root, to.note)
    return Number(changes) === 1
  }

  close(): void {
    this.#database.close()
  }
}
