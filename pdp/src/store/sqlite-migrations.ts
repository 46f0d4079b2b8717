/**
 * Schema migrations of the PDP's SQLite database. Tests create an older database by running only the first ones.
 *
 * @module
 */
import type { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '@mandate/service'
import { duplicateHash } from './rows.ts'

/** Migration n raises the schema from version n to n + 1. A released migration is never edited. */
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
  // Registered resources: candidates of a search, which OpenFGA then confirms.
  `CREATE TABLE resources (
     ref TEXT PRIMARY KEY, type TEXT NOT NULL, owner TEXT NOT NULL, persona TEXT NOT NULL, parent TEXT
   ) STRICT;
   CREATE INDEX resources_owner ON resources (owner, type, ref) WHERE parent IS NULL;
   CREATE INDEX resources_parent ON resources (parent, type, ref) WHERE parent IS NOT NULL;`,
  // Unfinished transfers, and the deeds that a transfer ended.
  `CREATE TABLE transfers (
     resource TEXT PRIMARY KEY, came_from TEXT NOT NULL, goes_to TEXT NOT NULL, at INTEGER NOT NULL, recorded INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE past_deeds (deed TEXT PRIMARY KEY) STRICT;
   ALTER TABLE grants ADD COLUMN scope TEXT GENERATED ALWAYS AS (json_extract(body, '$.scope')) VIRTUAL;
   CREATE INDEX grants_scope ON grants (scope);`,
  // Responses for idempotent retries: hashes, and the response encrypted under a key that only the caller has (its Idempotency-Key).
  `CREATE TABLE answers (
     id TEXT PRIMARY KEY, caller TEXT NOT NULL, request TEXT NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX answers_at ON answers (at);`,
  // Unfinished replacements of grants; `replaced_by`: the grant that replaced an ended one.
  `CREATE TABLE replacements (id TEXT PRIMARY KEY, plan TEXT NOT NULL) STRICT;
   ALTER TABLE grants ADD COLUMN replaced_by TEXT;`,
  `CREATE TABLE invitations (
     id TEXT PRIMARY KEY, inviter TEXT NOT NULL, code_hash TEXT NOT NULL UNIQUE, status TEXT NOT NULL, terms TEXT, redeemer TEXT,
     grant_id TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX invitations_inviter ON invitations (inviter, id);
   CREATE INDEX invitations_redeemer ON invitations (redeemer, id);`,
  // `swept`: the grant was deleted from OpenFGA. The indexes find grants that are due for deletion.
  `ALTER TABLE grants ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX grants_expiring ON grants (expires_at) WHERE swept = 0;
   CREATE INDEX grants_ended ON grants (revoked_at) WHERE swept = 0 AND revoked_at IS NOT NULL;
   CREATE INDEX grants_below ON grants (parent) WHERE swept = 0 AND parent IS NOT NULL;`,
  `CREATE TABLE keys (
     id TEXT PRIMARY KEY, name TEXT NOT NULL, types TEXT NOT NULL, hash BLOB NOT NULL, created_at INTEGER NOT NULL, created_by TEXT NOT NULL,
     expires_at INTEGER NOT NULL, revoked_at INTEGER, settled INTEGER NOT NULL
   ) STRICT;`,
  // Unfinished erasures; erasure notices that a service has not acknowledged; legal holds.
  `CREATE TABLE erasures (id TEXT PRIMARY KEY, person TEXT NOT NULL, asked_by TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE INDEX erasures_person ON erasures (person);
   CREATE TABLE notices (
     id TEXT NOT NULL, service TEXT NOT NULL, issuer TEXT NOT NULL, sub TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (service, id)
   ) STRICT;
   CREATE TABLE holds (person TEXT PRIMARY KEY, set_by TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE INDEX answers_caller ON answers (caller);
   CREATE INDEX grants_revoked_by ON grants (revoked_by) WHERE revoked_by IS NOT NULL;`,
  // Facts of domains that are decided by their own model, and the entities of each fact.
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
  // The vault: people by pseudonym, encrypted, with a lookup hash. The vault itself migrates the plain rows, since it has the key.
  `CREATE TABLE vault (
     pseudonym TEXT PRIMARY KEY, lookup BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL, created_at INTEGER NOT NULL
   ) STRICT;
   ALTER TABLE notices RENAME TO open_notices;
   CREATE TABLE notices (
     id TEXT NOT NULL, service TEXT NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (service, id)
   ) STRICT;`,
  `CREATE TABLE ended_sessions (hash TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;`,
  // People whose sessions were all ended: their tokens issued at or before `at` are rejected.
  `CREATE TABLE ended_people (hash TEXT PRIMARY KEY, at INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;`,
  // Identity of the database; unchanged when it is moved or restored (ADR 0080).
  `CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;
   INSERT INTO identity VALUES (1, lower(hex(randomblob(16))));`,
  // `folded`: lookup hash of the normalized sub, filled in by the vault. `since`: ULID of the registration of a resource.
  `ALTER TABLE vault ADD COLUMN folded BLOB;
   CREATE INDEX vault_folded ON vault (folded);
   ALTER TABLE resources ADD COLUMN since TEXT NOT NULL DEFAULT '';`,
  // Position in the log up to which erasures are applied to this database: after a restore from a backup, later erasures are applied again.
  `CREATE TABLE erasures_applied (one INTEGER PRIMARY KEY CHECK (one = 1), next INTEGER NOT NULL, last TEXT NOT NULL) STRICT;`,
  // Journal of writes to OpenFGA, from before they are sent until their markers are deleted; unfinished fact changes.
  `CREATE TABLE changes (
     id TEXT PRIMARY KEY, at INTEGER NOT NULL, keys TEXT NOT NULL, decided INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX changes_undecided ON changes (id) WHERE decided = 0;
   CREATE TABLE fact_changes (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;`,
  // Leases of multi-step changes. Unique live grants per duplicate key: of existing duplicates, only the one that expires last holds the key, and
  // the others stay in force. Order in which policies were loaded.
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
  // Lookup hashes of people erased a short time ago, until the last of their tokens has expired.
  `CREATE TABLE erased_people (lookup BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT;`,
  // The duplicate key became a hash.
  `UPDATE grants SET twin = duplicate_hash(twin);`,
  // As in PostgreSQL, where each PDP has a log of its own.
  `CREATE TABLE erasures_applied_to (log TEXT PRIMARY KEY, next INTEGER NOT NULL, last TEXT NOT NULL) STRICT;`,
  // The embedded relationship store (tuples.ts), in SQLite only. `seq`: the order of writing. `applied` is 0 of a change that was withdrawn.
  `CREATE TABLE tuples (
     seq INTEGER PRIMARY KEY, object TEXT NOT NULL, relation TEXT NOT NULL, user TEXT NOT NULL, condition TEXT
   ) STRICT;
   CREATE UNIQUE INDEX tuples_key ON tuples (object, relation, user);
   CREATE INDEX tuples_user ON tuples (user, relation, object);
   CREATE TABLE tuple_changes (
     seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, keys TEXT NOT NULL, applied INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX tuple_changes_at ON tuple_changes (at);
   CREATE TABLE tuple_models (id TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE TABLE tuples_moved (one INTEGER PRIMARY KEY CHECK (one = 1), place TEXT NOT NULL, at TEXT NOT NULL) STRICT;`,
  // Look-ups from a person to their pseudonym, for a day.
  `CREATE TABLE lookups (
     id TEXT PRIMARY KEY, case_number TEXT NOT NULL, person TEXT NOT NULL, asked_by TEXT NOT NULL, asked_at INTEGER NOT NULL,
     approved_by TEXT
   ) STRICT;`,
  // Whether a login is disabled, by the latest security event about it; security events that were carried out (ADR 0155).
  `CREATE TABLE disabled_people (hash TEXT PRIMARY KEY, at INTEGER NOT NULL, disabled INTEGER NOT NULL) STRICT;
   CREATE TABLE received_signals (hash TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;
   CREATE INDEX received_signals_until ON received_signals (until);`,
  // The issuer whose people the database knows (ADR 0154): NULL until the first start of a release that notes it.
  `ALTER TABLE identity ADD COLUMN issuer TEXT;`,
  // Outbox of events about grants (ADR 0156). Triggers record why events are due, whichever statement ends a grant.
  `CREATE TABLE signal_recording (one INTEGER PRIMARY KEY CHECK (one = 1)) STRICT;
   CREATE TABLE signal_causes (
     kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id, at)
   ) STRICT;
   CREATE TABLE signal_deliveries (
     id TEXT PRIMARY KEY, jti TEXT NOT NULL UNIQUE, receiver TEXT NOT NULL, grant_id TEXT, event TEXT NOT NULL, data TEXT NOT NULL,
     at INTEGER NOT NULL, issued_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX signal_deliveries_receiver ON signal_deliveries (receiver, id);
   CREATE INDEX signal_deliveries_issued ON signal_deliveries (issued_at);
   CREATE INDEX grants_parent ON grants (parent) WHERE parent IS NOT NULL;
   CREATE TRIGGER grants_signal AFTER UPDATE OF revoked_at ON grants
     WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL AND EXISTS (SELECT 1 FROM signal_recording)
     BEGIN INSERT OR IGNORE INTO signal_causes VALUES ('grant', NEW.id, NEW.revoked_at); END;
   CREATE TRIGGER agents_signal AFTER UPDATE OF settled ON agents
     WHEN OLD.settled = 0 AND NEW.settled = 1 AND NEW.active = 0 AND EXISTS (SELECT 1 FROM signal_recording)
     BEGIN INSERT OR IGNORE INTO signal_causes VALUES ('agent', NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER)); END;
   CREATE TRIGGER personas_signal AFTER UPDATE OF settled ON personas
     WHEN OLD.settled = 0 AND NEW.settled = 1 AND EXISTS (SELECT 1 FROM signal_recording)
     BEGIN INSERT OR IGNORE INTO signal_causes VALUES ('persona', NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER)); END;`,
]

/** `user_version` of a file that was moved to PostgreSQL: releases that do not know the table `moved` refuse it as a newer one. */
const MOVED_VERSION = 1_000_000_000

/**
 * Marks a file as moved, so that no PDP starts on it. Call it within a transaction.
 *
 * @param place - Where its rows are now: host and database.
 */
export function markMoved(database: DatabaseSync, place: string, at: string): void {
  database.exec('CREATE TABLE moved (place TEXT NOT NULL, at TEXT NOT NULL, version INTEGER NOT NULL) STRICT')
  database.prepare('INSERT INTO moved VALUES (?, ?, ?)').run(place, at, MIGRATIONS.length)
  database.exec(`PRAGMA user_version = ${MOVED_VERSION}`)
}

function movedProblem(database: DatabaseSync): string {
  const { place, at, version } = database.prepare('SELECT place, at, version FROM moved').get() ?? {}
  return (
    `PDP_DATA_DIR: pdp.db was moved to PostgreSQL (${place}) at ${at}, and is out of date: set PDP_STORE_URL. ` +
    `Only if PostgreSQL was never used since: sqlite3 pdp.db "DROP TABLE moved; PRAGMA user_version = ${version}"`
  )
}

/** Runs the missing migrations. @throws ConfigError when a newer release wrote the file, or when it was moved. */
export function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (version === MOVED_VERSION) throw new ConfigError([movedProblem(database)])
  if (version > MIGRATIONS.length)
    throw new ConfigError(['PDP_DATA_DIR: pdp.db was written by a newer release: start that one'])
  database.function('duplicate_hash', { deterministic: true }, (compared) => duplicateHash(String(compared)))
  for (const [index, step] of MIGRATIONS.entries())
    if (index >= version) database.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`)
}
