/**
 * Schema and migrations of the query index on PostgreSQL. A released migration is never edited.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { ClientBase } from 'pg'

/** Key of the advisory lock under which one replica migrates while the others wait. */
const MIGRATING = 0x6d616e64

/**
 * Each log has one number. A chunk is written once, when it is full; `body` is an entry's canonical JSON. The primary key of postings begins with
 * the term, so that a query reads the postings of a term in one range scan.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE mandate_index.log (
     no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     origin text NOT NULL UNIQUE,
     terms integer NOT NULL,
     generation integer NOT NULL DEFAULT 0,
     next bigint NOT NULL DEFAULT 0
   );
   CREATE TABLE mandate_index.entry (
     log integer NOT NULL REFERENCES mandate_index.log, idx bigint NOT NULL,
     id text NOT NULL, at bigint NOT NULL, body text NOT NULL,
     PRIMARY KEY (log, idx)
   );
   CREATE INDEX entry_id ON mandate_index.entry (id);
   CREATE TABLE mandate_index.chunk (
     log integer NOT NULL REFERENCES mandate_index.log, no integer NOT NULL,
     min_at bigint NOT NULL, max_at bigint NOT NULL, times bytea NOT NULL,
     PRIMARY KEY (log, no)
   );
   CREATE TABLE mandate_index.posting (
     term bytea NOT NULL, log integer NOT NULL REFERENCES mandate_index.log, no integer NOT NULL, places bytea NOT NULL,
     PRIMARY KEY (term, log, no)
   );`,
]

/**
 * Migrates the tables to this program's version. Called within a transaction.
 *
 * @throws Fault `index_unavailable` for tables of a newer version, which this program must not change.
 */
export async function migrate(client: ClientBase): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATING])
  await client.query('CREATE SCHEMA IF NOT EXISTS mandate_index')
  await client.query(
    'CREATE TABLE IF NOT EXISTS mandate_index.migration (no integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
  )
  const { rows } = await client.query<{ done: number }>(
    'SELECT coalesce(max(no), 0)::integer AS done FROM mandate_index.migration',
  )
  const done = rows[0]?.done ?? 0
  if (done > MIGRATIONS.length)
    throw new Fault('index_unavailable', `the index has migration ${done}; this program knows ${MIGRATIONS.length}`)
  for (const [at, sql] of MIGRATIONS.entries()) {
    if (at < done) continue
    await client.query(sql)
    await client.query('INSERT INTO mandate_index.migration (no) VALUES ($1)', [at + 1])
  }
}
