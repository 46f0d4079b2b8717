/**
 * Store of runs in SQLite. A write is durable when the call returns (`synchronous = FULL`).
 *
 * @module
 */
import { EventEmitter } from 'node:events'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Run, runSchema } from './run.ts'

export interface RunStore {
  readonly begin: (run: Run) => void
  /** Replaces a run's state. Does nothing when the run was deleted, because its person was erased. */
  readonly save: (run: Run) => void
  /** Finds a run of this subject; `undefined` for a run of another subject. */
  readonly find: (id: string, subject: string) => Run | undefined
  /** Newest first. */
  readonly list: (subject: string, limit: number) => readonly Run[]
  /** Marks runs that a crash left `running` as `interrupted`. */
  readonly interrupt: () => void
  /** Interrupted runs of this subject, oldest first. */
  readonly interrupted: (subject: string) => readonly Run[]
  /**
   * Erases a person's data up to an instant: deletes their runs, and replaces them by `user:erased` in runs of others. Deleted bytes are overwritten
   * in the database files.
   *
   * @param person - `user:<sub>`.
   * @param until - RFC 3339 in UTC, inclusive. Runs started later are kept: the same sub may have a new account.
   */
  readonly forget: (person: string, until: string) => void
  /** Subscribes to every further state of a run. @returns The unsubscribe function. */
  readonly follow: (id: string, listener: (run: Run) => void) => () => void
  /** @throws when the database does not answer. */
  readonly check: () => void
  readonly close: () => void
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS run (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS run_subject ON run (subject, id);`

/** Replaces an erased person in the runs of others; the PDP uses the same reference. */
const ERASED = 'user:erased'

/** @param folder - Created with mode 0700; `:memory:` opens a database in memory. */
export function createRunStore(folder: string): RunStore {
  const db = open(folder)
  const insert = db.prepare('INSERT INTO run (id, subject, status, document) VALUES (?, ?, ?, ?)')
  const update = db.prepare('UPDATE run SET status = ?, document = ? WHERE id = ?')
  const find = db.prepare('SELECT document FROM run WHERE id = ? AND subject = ?')
  const list = db.prepare('SELECT document FROM run WHERE subject = ? ORDER BY id DESC LIMIT ?')
  const running = db.prepare("SELECT document FROM run WHERE status = 'running'")
  const interrupted = db.prepare("SELECT document FROM run WHERE subject = ? AND status = 'interrupted' ORDER BY id")
  const followers = new EventEmitter().setMaxListeners(0)
  const erased = createErasedPersons()
  const store: RunStore = {
    begin: (run) => void insert.run(run.id, run.subject, run.status, JSON.stringify(run)),
    save: (run) => {
      if (update.run(run.status, erased.textOf(run), run.id).changes > 0) followers.emit(run.id, run)
    },
    forget: (person, until) => {
      erased.add(person, until)
      forgetIn(db, person, until, erased)
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
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 2000;',
  )
  db.exec(SCHEMA)
  return db
}

/** Persons erased by this process: a run in progress still holds their reference in memory, and must not store it again. */
function createErasedPersons() {
  const until = new Map<string, string>()
  return {
    add: (person: string, instant: string) => void until.set(person, instant),
    /** Serializes a run with erased persons replaced. */
    textOf: (run: Run): string => {
      let text = JSON.stringify(run)
      for (const [person, instant] of until)
        if (run.started_at <= instant) text = text.replaceAll(JSON.stringify(person), JSON.stringify(ERASED))
      return text
    },
  }
}

/** Erases in one transaction, then truncates the write-ahead log; `secure_delete` overwrites the deleted bytes. */
function forgetIn(
  db: DatabaseSync,
  person: string,
  until: string,
  { textOf }: ReturnType<typeof createErasedPersons>,
): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    const rows = db.prepare('SELECT document FROM run WHERE instr(document, ?) > 0').all(JSON.stringify(person))
    for (const run of rows.map(readRun).filter(({ started_at }) => started_at <= until)) {
      if (run.subject === person) db.prepare('DELETE FROM run WHERE id = ?').run(run.id)
      else db.prepare('UPDATE run SET document = ? WHERE id = ?').run(textOf(run), run.id)
    }
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

function readRun(row: Readonly<Record<string, unknown>>): Run {
  return runSchema.parse(JSON.parse(String(row['document'])))
}
