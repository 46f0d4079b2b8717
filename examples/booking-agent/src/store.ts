/**
 * Where runs are kept: SQLite, durable before it says so.
 *
 * @module
 */
import { EventEmitter } from 'node:events'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Run, runSchema } from './run.ts'

export interface RunStore {
  /** Adds a run, or replaces it. */
  readonly save: (run: Run) => void
  /** A run of this subject; of nobody else. */
  readonly find: (id: string, subject: string) => Run | undefined
  /** Newest first. */
  readonly list: (subject: string, limit: number) => readonly Run[]
  /** Marks what a crash left `running`. */
  readonly interrupt: () => void
  /** Runs of this subject that stopped in the middle, oldest first. */
  readonly interrupted: (subject: string) => readonly Run[]
  /** Called with every state of a run from now on. @returns how to end that. */
  readonly follow: (id: string, listener: (run: Run) => void) => () => void
  /** @throws when the database does not answer. */
  readonly check: () => void
  readonly close: () => void
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS run (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS run_subject ON run (subject, id);`

/** @param folder - Made for its owner only; `:memory:` keeps nothing. */
export function createRunStore(folder: string): RunStore {
  const db = open(folder)
  const save = db.prepare(
    `INSERT INTO run (id, subject, status, document) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET status = excluded.status, document = excluded.document`,
  )
  const find = db.prepare('SELECT document FROM run WHERE id = ? AND subject = ?')
  const list = db.prepare('SELECT document FROM run WHERE subject = ? ORDER BY id DESC LIMIT ?')
  const running = db.prepare("SELECT document FROM run WHERE status = 'running'")
  const interrupted = db.prepare("SELECT document FROM run WHERE subject = ? AND status = 'interrupted' ORDER BY id")
  const followers = new EventEmitter().setMaxListeners(0)
  const store: RunStore = {
    save: (run) => {
      save.run(run.id, run.subject, run.status, JSON.stringify(run))
      followers.emit(run.id, run)
    },
    interrupted: (subject) => interrupted.all(subject).map(readRun),
    follow: (id, listener) => {
      followers.on(id, listener)
      return () => void followers.off(id, listener)
    },
    find: (id, subject) => {
      const row = find.get(id, subject)
      return row && readRun(row)
    },
    list: (subject, limit) => list.all(subject, limit).map(readRun),
    interrupt: () => {
      for (const row of running.all()) store.save({ ...readRun(row), status: 'interrupted' })
    },
    check: () => void db.prepare('SELECT 1').get(),
    close: () => db.close(),
  }
  return store
}

function open(folder: string): DatabaseSync {
  const memory = folder === ':memory:'
  if (!memory) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = memory ? folder : join(folder, 'runs.db')
  const db = new DatabaseSync(path)
  if (!memory) chmodSync(path, 0o600)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;')
  db.exec(SCHEMA)
  return db
}

function readRun(row: Readonly<Record<string, unknown>>): Run {
  return runSchema.parse(JSON.parse(String(row['document'])))
}
