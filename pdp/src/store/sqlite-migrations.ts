/**
 * The schema of the PDP's own database in SQLite, as steps. Tests write an older database by running only the first steps.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'

/** Each step takes the database one version up; none is ever edited after it shipped. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE people (
     pseudonym TEXT PRIMARY KEY, issuer TEXT NOT NULL, sub TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (issuer, sub)
   ) STRICT;
   CREATE TABLE personas (
     id TEXT PRIMARY KEY, holder TEXT NOT NULL, title TEXT NOT NULL, circle TEXT NOT NULL, domain TEXT NOT NULL, status TEXT NOT NULL,
     valid_from INTEGER NOT NULL, valid_till INTEGER NOT NULL, autonomy TEXT, created_at INTEGER NOT NULL, settled INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX personas_holder ON personas (holder);
   CREATE INDEX personas_status ON personas (status);
   CREATE TABLE agents (
     id TEXT PRIMARY KEY, active INTEGER NOT NULL, service_sub TEXT, created_at INTEGER NOT NULL, settled INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE grants (
     id TEXT PRIMARY KEY, delegator TEXT NOT NULL, delegate TEXT NOT NULL, owner TEXT NOT NULL, covers TEXT NOT NULL, parent TEXT,
     expires_at INTEGER NOT NULL, twin TEXT NOT NULL, body TEXT NOT NULL, settled INTEGER NOT NULL,
     revoked_at INTEGER, revoked_by TEXT, revoke_reason TEXT, ending TEXT
   ) STRICT;
   CREATE INDEX grants_between ON grants (owner, delegate, id);
   CREATE INDEX grants_delegator ON grants (delegator, id);
   CREATE INDEX grants_delegate ON grants (delegate, id);
   CREATE INDEX grants_covers ON grants (covers, id);
   CREATE INDEX grants_twin ON grants (twin);
   CREATE INDEX grants_unsettled ON grants (settled) WHERE settled = 0;
   CREATE INDEX grants_ending ON grants (ending) WHERE ending IS NOT NULL;
   CREATE TABLE salts (name TEXT PRIMARY KEY, salt BLOB NOT NULL) STRICT;
   CREATE TABLE models (
     store_id TEXT NOT NULL, policy TEXT NOT NULL, model_id TEXT NOT NULL, PRIMARY KEY (store_id, policy)
   ) STRICT;`,
  // Resources as registered: what searches begin from. OpenFGA says whether they still stand.
  `CREATE TABLE resources (
     ref TEXT PRIMARY KEY, type TEXT NOT NULL, owner TEXT NOT NULL, persona TEXT NOT NULL, parent TEXT
   ) STRICT;
   CREATE INDEX resources_owner ON resources (owner, type, ref) WHERE parent IS NULL;
   CREATE INDEX resources_parent ON resources (parent, type, ref) WHERE parent IS NOT NULL;`,
  // Transfers under way, and the deeds that transfers ended.
  `CREATE TABLE transfers (
     resource TEXT PRIMARY KEY, came_from TEXT NOT NULL, goes_to TEXT NOT NULL, at INTEGER NOT NULL, recorded INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE past_deeds (deed TEXT PRIMARY KEY) STRICT;
   ALTER TABLE grants ADD COLUMN scope TEXT GENERATED ALWAYS AS (json_extract(body, '$.scope')) VIRTUAL;
   CREATE INDEX grants_scope ON grants (scope);`,
  // Answers kept for retries: only hashes, and what is sealed under a key that is not here.
  `CREATE TABLE answers (
     id TEXT PRIMARY KEY, caller TEXT NOT NULL, request TEXT NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX answers_at ON answers (at);`,
  // Exchanges of grants under way, and which grant took an ended one's place.
  `CREATE TABLE replacements (id TEXT PRIMARY KEY, plan TEXT NOT NULL) STRICT;
   ALTER TABLE grants ADD COLUMN replaced_by TEXT;`,
  `CREATE TABLE invitations (
     id TEXT PRIMARY KEY, inviter TEXT NOT NULL, code_hash TEXT NOT NULL UNIQUE, status TEXT NOT NULL, terms TEXT, redeemer TEXT,
     grant_id TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX invitations_inviter ON invitations (inviter, id);
   CREATE INDEX invitations_redeemer ON invitations (redeemer, id);`,
  // What was swept out of OpenFGA, and where to look for what should be.
  `ALTER TABLE grants ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX grants_expiring ON grants (expires_at) WHERE swept = 0;
   CREATE INDEX grants_ended ON grants (revoked_at) WHERE swept = 0 AND revoked_at IS NOT NULL;
   CREATE INDEX grants_below ON grants (parent) WHERE swept = 0 AND parent IS NOT NULL;`,
  `CREATE TABLE keys (
     id TEXT PRIMARY KEY, name TEXT NOT NULL, types TEXT NOT NULL, hash BLOB NOT NULL, created_at INTEGER NOT NULL, created_by TEXT NOT NULL,
     expires_at INTEGER NOT NULL, revoked_at INTEGER, settled INTEGER NOT NULL
   ) STRICT;`,
  // Erasures under way; what each service is still to be told, by sub alone; legal holds.
  `CREATE TABLE erasures (id TEXT PRIMARY KEY, person TEXT NOT NULL, asked_by TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE INDEX erasures_person ON erasures (person);
   CREATE TABLE notices (
     id TEXT NOT NULL, service TEXT NOT NULL, issuer TEXT NOT NULL, sub TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (service, id)
   ) STRICT;
   CREATE TABLE holds (person TEXT PRIMARY KEY, set_by TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE INDEX answers_caller ON answers (caller);
   CREATE INDEX grants_revoked_by ON grants (revoked_by) WHERE revoked_by IS NOT NULL;`,
  // Facts of domains whose own model decides, and whom and what each is about.
  `CREATE TABLE facts (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
   CREATE TABLE fact_entities (
     key TEXT NOT NULL, domain TEXT NOT NULL, type TEXT NOT NULL, ref TEXT NOT NULL, PRIMARY KEY (ref, key)
   ) STRICT;
   CREATE INDEX fact_entities_type ON fact_entities (domain, type, ref);
   CREATE INDEX fact_entities_key ON fact_entities (key);
   CREATE TABLE policies (
     version TEXT PRIMARY KEY, sources TEXT NOT NULL, loaded_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE policy_in_force (one INTEGER PRIMARY KEY CHECK (one = 1), version TEXT NOT NULL, instead_of TEXT) STRICT;`,
  // Who is behind a pseudonym, sealed, and found by a keyed hash. What stood open is moved by the vault, which has the key.
  `CREATE TABLE vault (
     pseudonym TEXT PRIMARY KEY, lookup BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL, created_at INTEGER NOT NULL
   ) STRICT;
   ALTER TABLE notices RENAME TO open_notices;
   CREATE TABLE notices (
     id TEXT NOT NULL, service TEXT NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (service, id)
   ) STRICT;`,
  `CREATE TABLE ended_sessions (hash TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;`,
  // People whose every session ended at one instant: their tokens from before it.
  `CREATE TABLE ended_people (hash TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;`,
  // What this database is told from others by, wherever it is moved (ADR 0080).
  `CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;
   INSERT INTO identity VALUES (1, lower(hex(randomblob(16))));`,
  // A keyed hash of what all spellings of a sub have in common, filled in by the vault; and when a resource was registered, as a ULID.
  `ALTER TABLE vault ADD COLUMN folded BLOB;
   CREATE INDEX vault_folded ON vault (folded);
   ALTER TABLE resources ADD COLUMN since TEXT NOT NULL DEFAULT '';`,
  // Up to where the log's erasures are applied here: a backup that is put back knows of fewer.
  `CREATE TABLE erasures_applied (one INTEGER PRIMARY KEY CHECK (one = 1), next INTEGER NOT NULL, last TEXT NOT NULL) STRICT;`,
  // Writes to OpenFGA, from before they are sent until their markers are deleted; and changes of facts under way.
  `CREATE TABLE changes (
     id TEXT PRIMARY KEY, at INTEGER NOT NULL, keys TEXT NOT NULL, decided INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX changes_undecided ON changes (id) WHERE decided = 0;
   CREATE TABLE fact_changes (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;`,
  // Which PDP carries a change of several steps out; of a live grant at most one a key (older duplicates keep living, and only the one that
  // lives longest holds the key); in which order policies were loaded.
  `CREATE TABLE leases (
     kind TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, lease_until INTEGER NOT NULL, PRIMARY KEY (kind, id)
   ) STRICT;
   ALTER TABLE grants ADD COLUMN holds_key INTEGER NOT NULL DEFAULT 1;
   UPDATE grants SET holds_key = 0 WHERE revoked_at IS NULL AND EXISTS (
     SELECT 1 FROM grants other WHERE other.twin = grants.twin AND other.revoked_at IS NULL
       AND (other.expires_at > grants.expires_at OR (other.expires_at = grants.expires_at AND other.id > grants.id)));
   CREATE UNIQUE INDEX grants_live ON grants (twin) WHERE revoked_at IS NULL AND holds_key = 1;
   ALTER TABLE policies ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
   UPDATE policies SET seq = (
     SELECT count(*) FROM policies older WHERE older.loaded_at < policies.loaded_at
       OR (older.loaded_at = policies.loaded_at AND older.rowid <= policies.rowid));`,
]

/** Brings the schema up to date, one step after another. @throws Error where a newer release wrote the file. */
export function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (version > MIGRATIONS.length) throw new Error('pdp.db was written by a newer release: start that one')
  for (const [index, step] of MIGRATIONS.entries())
    if (index >= version) database.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`)
}
