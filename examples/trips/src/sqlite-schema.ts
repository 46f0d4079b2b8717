/**
 * Migrations of the SQLite schema. Append only; `user_version` counts the applied steps.
 *
 * @module
 */

export const SQLITE_MIGRATIONS: readonly string[] = [
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
  // Unpublished trips are removed, as the version before this step did at its start.
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
