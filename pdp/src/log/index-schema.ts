/**
 * The SQLite tables of the query index.
 *
 * An entry is found by its terms (`actor` = `agent:…`, `member` = `user:…`, `reason` = …), each numbered once. `posting` lists the entries
 * of each term in the order of time, so that one filter is one range of one index, and several filters are the shortest range with
 * look-ups in the others. Decision, kind and action stand in every posting, since everybody filters by them and their ranges are long.
 *
 * @module
 */

/** Raised when the tables or the meaning of a term change: the index is then rebuilt from the log. */
export const INDEX_VERSION = '1'

export const INDEX_SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE IF NOT EXISTS entry (idx INTEGER PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS entry_id ON entry (id);
  CREATE TABLE IF NOT EXISTS term (
    term INTEGER PRIMARY KEY,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0,
    UNIQUE (field, value)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS posting (
    term INTEGER NOT NULL,
    at INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    decision INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    action INTEGER NOT NULL,
    PRIMARY KEY (term, at, idx)
  ) WITHOUT ROWID, STRICT;
`

export const DROP_INDEX = `
  DROP TABLE IF EXISTS posting;
  DROP TABLE IF EXISTS term;
  DROP TABLE IF EXISTS entry;
  DROP TABLE IF EXISTS meta;
`

/** Terms that stand in every posting of an entry, by the number of their term; 0 where the entry has none. */
export const INLINE_FIELDS = ['decision', 'kind', 'action'] as const
export type InlineField = (typeof INLINE_FIELDS)[number]

/** Every entry has this term: what a query without filters ranges over. */
export const EVERY = { field: 'every', value: '' } as const
