/**
 * Database of a witness: the newest checkpoint that it cosigned, for each log. SQLite, so that compare-and-set is atomic across processes, and a
 * cosigned checkpoint is durable before the response.
 *
 * @module
 */
import { DatabaseSync } from 'node:sqlite'

/** A checkpoint that the witness cosigned. */
export interface Cosigned {
  /** Number of entries in the tree. */
  readonly size: number
  /** Root of the tree, base64. */
  readonly root: string
  /** The signed note, with the verified signatures of the log and the witness's cosignature. */
  readonly note: string
}

/** The witness's database. */
export class WitnessStore {
  readonly #database: DatabaseSync

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec(`PRAGMA busy_timeout = 2000; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS cosigned (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root TEXT NOT NULL, note TEXT NOT NULL) STRICT`)
  }

  /** The newest cosigned checkpoint of a log; `undefined` when there is none. */
  newest(origin: string): Cosigned | undefined {
    const row = this.#database.prepare('SELECT size, root, note FROM cosigned WHERE origin = ?').get(origin)
    return row && { size: Number(row['size']), root: String(row['root']), note: String(row['note']) }
  }

  /**
   * Replaces the newest checkpoint (compare-and-set).
   *
   * @param from - The checkpoint that the consistency of `to` was verified with; `undefined` when the log is new.
   * @returns Whether `from` was still the newest. When not, nothing changed.
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
