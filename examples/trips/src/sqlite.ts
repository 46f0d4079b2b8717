/**
 * SQLite, opened for one process: durable before it says so, parameterised always.
 *
 * @module
 */
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Grows at the end only; each step runs once, in its own transaction. `user_version` counts them. */
const MIGRATIONS = [
  `CREATE TABLE workflow (
     id TEXT PRIMARY KEY, template TEXT NOT NULL, owner TEXT NOT NULL, issuer TEXT NOT NULL, owner_persona TEXT,
     created_at TEXT NOT NULL, published INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX workflow_owner ON workflow (owner, issuer, id);
   CREATE TABLE item (
     id TEXT PRIMARY KEY, workflow TEXT NOT NULL REFERENCES workflow (id) ON DELETE CASCADE, position INTEGER NOT NULL,
     name TEXT NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, starts_at TEXT NOT NULL,
     risk INTEGER NOT NULL, version INTEGER NOT NULL, booked_version INTEGER
   ) STRICT;
   CREATE INDEX item_workflow ON item (workflow, position);
   CREATE TABLE attempt (
     seq INTEGER PRIMARY KEY, item TEXT NOT NULL REFERENCES item (id) ON DELETE CASCADE, at TEXT NOT NULL,
     outcome TEXT NOT NULL
   ) STRICT;
   CREATE INDEX attempt_item ON attempt (item, seq);
   CREATE TABLE idempotency (
     caller TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER, body TEXT,
     created_at INTEGER NOT NULL, PRIMARY KEY (caller, key)
   ) STRICT;`,
  // A trip that no reader ever saw is taken back, as the start before this step would have done.
  `ALTER TABLE workflow ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
   CREATE TABLE outbox (
     seq INTEGER PRIMARY KEY AUTOINCREMENT, workflow TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
     owner TEXT, owner_persona TEXT
   ) STRICT;
   CREATE INDEX outbox_workflow ON outbox (workflow);
   CREATE UNIQUE INDEX outbox_transfer ON outbox (workflow) WHERE kind = 'transfer';
   INSERT INTO outbox (workflow, kind, type, id)
     SELECT workflow.id, 'unregister', 'workflow_item', item.id FROM item JOIN workflow ON workflow.id = item.workflow
     WHERE published = 0;
   INSERT INTO outbox (workflow, kind, type, id) SELECT id, 'unregister', 'workflow', id FROM workflow WHERE published = 0;
   DELETE FROM workflow WHERE published = 0;`,
]

/** Opens (and makes, for its owner only) `trips.db` in a folder; `:memory:` keeps nothing. */
export function openDatabase(folder: string): DatabaseSync {
  const memory = folder === ':memory:'
  if (!memory) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = memory ? folder : join(folder, 'trips.db')
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: true })
  if (!memory) chmodSync(path, 0o600)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;')
  // What is forgotten is overwritten, not only unlinked (rule E4).
  db.exec('PRAGMA secure_delete = ON;')
  migrate(db)
  return db
}

function migrate(db: DatabaseSync): void {
  const done = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (done > MIGRATIONS.length) throw new Error('the database was written by a newer version')
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < done) continue
    inTransaction(db, () => {
      db.exec(step)
      db.exec(`PRAGMA user_version = ${index + 1}`)
    })
  }
}

export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}
