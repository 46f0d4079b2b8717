/**
 * Migrations of the PostgreSQL schema. Append only: never edit a released step.
 *
 * @module
 */
import type { ClientBase } from 'pg'

/** Key of the advisory lock: one process migrates, the others wait. */
const MIGRATION_LOCK = 0x74726970

const MIGRATIONS: readonly string[] = [
  `CREATE TABLE workflow (
     id text PRIMARY KEY, template text NOT NULL, owner text NOT NULL, issuer text NOT NULL, owner_persona text,
     created_at text NOT NULL, published smallint NOT NULL DEFAULT 0, version integer NOT NULL DEFAULT 1
   );
   CREATE INDEX workflow_owner ON workflow (owner, issuer, id);
   CREATE TABLE item (
     id text PRIMARY KEY, workflow text NOT NULL REFERENCES workflow (id) ON DELETE CASCADE, position integer NOT NULL,
     name text NOT NULL, status text NOT NULL, amount bigint NOT NULL, currency text NOT NULL, starts_at text NOT NULL,
     risk integer NOT NULL, version integer NOT NULL, booked_version integer
   );
   CREATE INDEX item_workflow ON item (workflow, position);
   CREATE TABLE attempt (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text NOT NULL REFERENCES item (id) ON DELETE CASCADE,
     at text NOT NULL, outcome text NOT NULL
   );
   CREATE INDEX attempt_item ON attempt (item, seq);
   CREATE TABLE idempotency (
     caller text NOT NULL, key text NOT NULL, fingerprint text NOT NULL, status integer, body text,
     created_at bigint NOT NULL, PRIMARY KEY (caller, key)
   );
   CREATE INDEX idempotency_created ON idempotency (created_at);
   CREATE TABLE outbox (
     seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, workflow text NOT NULL, kind text NOT NULL, type text NOT NULL,
     id text NOT NULL, owner text, owner_persona text
   );
   CREATE INDEX outbox_workflow ON outbox (workflow);
   CREATE UNIQUE INDEX outbox_transfer ON outbox (workflow) WHERE kind = 'transfer';`,
]

/**
 * Applies the missing migrations. Call it within a transaction.
 *
 * @throws Error when the schema is newer than this program.
 */
export async function migrate(client: ClientBase): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
  await client.query(
    'CREATE TABLE IF NOT EXISTS migration (no integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
  )
  const { rows } = await client.query<{ done: number }>('SELECT coalesce(max(no), 0)::integer AS done FROM migration')
  const done = rows[0]?.done ?? 0
  if (done > MIGRATIONS.length) throw new Error('the database was written by a newer version')
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < done) continue
    await client.query(step)
    await client.query('INSERT INTO migration (no) VALUES ($1)', [index + 1])
  }
}
