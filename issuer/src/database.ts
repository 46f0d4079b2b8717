/**
 * The issuer's only file: keys, clients, people and everything that `oidc-provider` stores. Several processes may open it: the server, and a test or
 * the demo that administers it.
 *
 * @module
 */
import { closeSync, fchmodSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** File name in the data folder. */
const DATABASE_FILE = 'issuer.db'
/** How long to wait for another process's transaction, in milliseconds. */
const BUSY_MS = 5_000

/** Times are in milliseconds since 1970. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state (
    model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, expires INTEGER, grant_id TEXT, uid TEXT,
    PRIMARY KEY (model, id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS state_grant ON state (grant_id) WHERE grant_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS state_uid ON state (model, uid) WHERE uid IS NOT NULL;
  CREATE TABLE IF NOT EXISTS clients (client_id TEXT PRIMARY KEY, metadata TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS services (client_id TEXT PRIMARY KEY, calls TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS keys (id INTEGER PRIMARY KEY, jwk TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS people (
    id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, sub TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
    totp TEXT, totp_step INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0, failed_at INTEGER NOT NULL DEFAULT 0, locked_until INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE IF NOT EXISTS roles (
    person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE, role TEXT NOT NULL, PRIMARY KEY (person, role)
  ) STRICT;
`

/** Opens or creates the database. It is readable for its owner alone: it holds private keys. */
export function openDatabase(dataDir: string): DatabaseSync {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, DATABASE_FILE)
  const opened = openSync(file, 'a', 0o600)
  // One that was copied here may be readable for others.
  fchmodSync(opened, 0o600)
  closeSync(opened)
  const database = new DatabaseSync(file, { timeout: BUSY_MS })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
  database.exec(SCHEMA)
  return database
}
