/**
 * Schema migrations of the PDP's PostgreSQL database. Migration 1 is equal to the SQLite schema of version 20 (sqlite-migrations.ts).
 *
 * @module
 */

export interface Migration {
  /**
   * Version of the oldest schema whose release may still use the database after this migration. Releases run side by side during an upgrade, so a
   * migration that an older release cannot work with (a column that it needs is dropped, say) waits for the release after the next.
   */
  readonly oldest: number
  readonly sql: string
}

/** Compared bytewise, as SQLite does, whatever the locale of the database is: ids are ordered by time, and page by comparison. */
const TEXT = 'text COLLATE "C"'

/**
 * Migration n raises the schema from version n to n + 1. A released migration is never edited. Two differences from SQLite: `grants.scope` is stored,
 * and `fact_entities` has no primary key, since two long ids do not fit into an entry of an index.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    oldest: 1,
    sql: `
CREATE TABLE identity (one integer PRIMARY KEY CHECK (one = 1), id ${TEXT} NOT NULL);
INSERT INTO identity VALUES (1, replace(gen_random_uuid()::text, '-', ''));
CREATE TABLE people (
  pseudonym ${TEXT} PRIMARY KEY, issuer ${TEXT} NOT NULL, sub ${TEXT} NOT NULL, created_at bigint NOT NULL, UNIQUE (issuer, sub)
);
CREATE TABLE vault (
  pseudonym ${TEXT} PRIMARY KEY, lookup bytea NOT NULL UNIQUE, sealed bytea NOT NULL, created_at bigint NOT NULL, folded bytea
);
CREATE INDEX vault_folded ON vault (folded);
CREATE TABLE salts (name ${TEXT} PRIMARY KEY, salt bytea NOT NULL);
CREATE TABLE personas (
  id ${TEXT} PRIMARY KEY, holder ${TEXT} NOT NULL, title ${TEXT} NOT NULL, circle ${TEXT} NOT NULL, domain ${TEXT} NOT NULL,
  status ${TEXT} NOT NULL, valid_from bigint NOT NULL, valid_till bigint NOT NULL, autonomy ${TEXT}, created_at bigint NOT NULL,
  settled integer NOT NULL
);
CREATE INDEX personas_holder ON personas (holder);
CREATE INDEX personas_status ON personas (status);
CREATE TABLE agents (
  id ${TEXT} PRIMARY KEY, active integer NOT NULL, service_sub ${TEXT}, created_at bigint NOT NULL, settled integer NOT NULL
);
CREATE TABLE grants (
  id ${TEXT} PRIMARY KEY, delegator ${TEXT} NOT NULL, delegate ${TEXT} NOT NULL, owner ${TEXT} NOT NULL, covers ${TEXT} NOT NULL,
  parent ${TEXT}, expires_at bigint NOT NULL, twin ${TEXT} NOT NULL, body ${TEXT} NOT NULL, settled integer NOT NULL,
  revoked_at bigint, revoked_by ${TEXT}, revoke_reason ${TEXT}, ending ${TEXT}, replaced_by ${TEXT},
  scope ${TEXT} GENERATED ALWAYS AS (body::json ->> 'scope') STORED,
  swept integer NOT NULL DEFAULT 0, holds_key integer NOT NULL DEFAULT 1
);
CREATE INDEX grants_between ON grants (owner, delegate, id);
CREATE INDEX grants_delegator ON grants (delegator, id);
CREATE INDEX grants_delegate ON grants (delegate, id);
CREATE INDEX grants_covers ON grants (covers, id);
CREATE INDEX grants_twin ON grants (twin);
CREATE INDEX grants_scope ON grants (scope);
CREATE INDEX grants_unsettled ON grants (settled) WHERE settled = 0;
CREATE INDEX grants_ending ON grants (ending) WHERE ending IS NOT NULL;
CREATE INDEX grants_expiring ON grants (expires_at) WHERE swept = 0;
CREATE INDEX grants_ended ON grants (revoked_at) WHERE swept = 0 AND revoked_at IS NOT NULL;
CREATE INDEX grants_below ON grants (parent) WHERE swept = 0 AND parent IS NOT NULL;
CREATE INDEX grants_revoked_by ON grants (revoked_by) WHERE revoked_by IS NOT NULL;
CREATE UNIQUE INDEX grants_live ON grants (twin) WHERE revoked_at IS NULL AND holds_key = 1;
CREATE TABLE models (
  store_id ${TEXT} NOT NULL, policy ${TEXT} NOT NULL, model_id ${TEXT} NOT NULL, PRIMARY KEY (store_id, policy)
);
CREATE TABLE resources (
  ref ${TEXT} PRIMARY KEY, type ${TEXT} NOT NULL, owner ${TEXT} NOT NULL, persona ${TEXT} NOT NULL, parent ${TEXT},
  since ${TEXT} NOT NULL DEFAULT ''
);
CREATE INDEX resources_owner ON resources (owner, type, ref) WHERE parent IS NULL;
CREATE INDEX resources_parent ON resources (parent, type, ref) WHERE parent IS NOT NULL;
CREATE TABLE transfers (
  resource ${TEXT} PRIMARY KEY, came_from ${TEXT} NOT NULL, goes_to ${TEXT} NOT NULL, at bigint NOT NULL, recorded integer NOT NULL
);
CREATE TABLE past_deeds (deed ${TEXT} PRIMARY KEY);
CREATE TABLE replacements (id ${TEXT} PRIMARY KEY, plan ${TEXT} NOT NULL);
CREATE TABLE answers (
  id ${TEXT} PRIMARY KEY, caller ${TEXT} NOT NULL, request ${TEXT} NOT NULL, sealed bytea NOT NULL, at bigint NOT NULL
);
CREATE INDEX answers_at ON answers (at);
CREATE INDEX answers_caller ON answers (caller);
CREATE TABLE invitations (
  id ${TEXT} PRIMARY KEY, inviter ${TEXT} NOT NULL, code_hash ${TEXT} NOT NULL UNIQUE, status ${TEXT} NOT NULL, terms ${TEXT},
  redeemer ${TEXT}, grant_id ${TEXT}, created_at bigint NOT NULL, expires_at bigint NOT NULL
);
CREATE INDEX invitations_inviter ON invitations (inviter, id);
CREATE INDEX invitations_redeemer ON invitations (redeemer, id);
CREATE TABLE keys (
  id ${TEXT} PRIMARY KEY, name ${TEXT} NOT NULL, types ${TEXT} NOT NULL, hash bytea NOT NULL, created_at bigint NOT NULL,
  created_by ${TEXT} NOT NULL, expires_at bigint NOT NULL, revoked_at bigint, settled integer NOT NULL
);
CREATE TABLE erasures (id ${TEXT} PRIMARY KEY, person ${TEXT} NOT NULL, asked_by ${TEXT} NOT NULL, at bigint NOT NULL);
CREATE INDEX erasures_person ON erasures (person);
CREATE TABLE erasures_applied (one integer PRIMARY KEY CHECK (one = 1), next bigint NOT NULL, last ${TEXT} NOT NULL);
CREATE TABLE open_notices (
  id ${TEXT} NOT NULL, service ${TEXT} NOT NULL, issuer ${TEXT} NOT NULL, sub ${TEXT} NOT NULL, at bigint NOT NULL,
  PRIMARY KEY (service, id)
);
CREATE TABLE notices (
  id ${TEXT} NOT NULL, service ${TEXT} NOT NULL, sealed bytea NOT NULL, at bigint NOT NULL, PRIMARY KEY (service, id)
);
CREATE TABLE holds (person ${TEXT} PRIMARY KEY, set_by ${TEXT} NOT NULL, at bigint NOT NULL);
CREATE TABLE facts (key ${TEXT} PRIMARY KEY, body ${TEXT} NOT NULL);
CREATE TABLE fact_entities (key ${TEXT} NOT NULL, domain ${TEXT} NOT NULL, type ${TEXT} NOT NULL, ref ${TEXT} NOT NULL);
CREATE INDEX fact_entities_ref ON fact_entities (ref);
CREATE INDEX fact_entities_type ON fact_entities (domain, type, ref);
CREATE INDEX fact_entities_key ON fact_entities (key);
CREATE TABLE policies (version ${TEXT} PRIMARY KEY, sources ${TEXT} NOT NULL, loaded_at bigint NOT NULL, seq bigint NOT NULL DEFAULT 0);
CREATE TABLE policy_in_force (one integer PRIMARY KEY CHECK (one = 1), version ${TEXT} NOT NULL, instead_of ${TEXT});
CREATE TABLE ended_sessions (hash ${TEXT} PRIMARY KEY, until bigint NOT NULL);
CREATE TABLE ended_people (hash ${TEXT} PRIMARY KEY, at bigint NOT NULL, until bigint NOT NULL);
CREATE TABLE erased_people (lookup bytea PRIMARY KEY, at bigint NOT NULL);
CREATE TABLE changes (id ${TEXT} PRIMARY KEY, at bigint NOT NULL, keys ${TEXT} NOT NULL, decided integer NOT NULL DEFAULT 0);
CREATE INDEX changes_undecided ON changes (id) WHERE decided = 0;
CREATE TABLE invalidation_head (
  one integer PRIMARY KEY CHECK (one = 1), seq bigint NOT NULL, token ${TEXT} NOT NULL
) WITH (fillfactor = 10);
CREATE TABLE invalidations (
  seq bigint PRIMARY KEY, token ${TEXT} NOT NULL, kind ${TEXT} NOT NULL, change ${TEXT}, topic ${TEXT}, data ${TEXT} NOT NULL,
  writer ${TEXT} NOT NULL, at bigint NOT NULL
);
INSERT INTO invalidation_head VALUES (1, 0, gen_random_uuid()::text);
INSERT INTO invalidations SELECT seq, token, 'note', NULL, 'start', '{}', '', 0 FROM invalidation_head;
CREATE TABLE fact_changes (id ${TEXT} PRIMARY KEY, body ${TEXT} NOT NULL);
CREATE TABLE leases (
  kind ${TEXT} NOT NULL, id ${TEXT} NOT NULL, owner ${TEXT} NOT NULL, lease_until bigint NOT NULL, PRIMARY KEY (kind, id)
);`,
  },
  {
    oldest: 1,
    sql: `
CREATE TABLE pdps (
  origin ${TEXT} PRIMARY KEY, release ${TEXT} NOT NULL, schema_version integer NOT NULL, host ${TEXT} NOT NULL
);
CREATE UNLOGGED TABLE rate_buckets (
  name ${TEXT} PRIMARY KEY, tokens double precision NOT NULL, at double precision NOT NULL, granted integer NOT NULL
);
CREATE UNLOGGED TABLE wrong_codes (id ${TEXT} PRIMARY KEY, person ${TEXT} NOT NULL, at bigint NOT NULL);
CREATE INDEX wrong_codes_person ON wrong_codes (person);`,
  },
  {
    oldest: 1,
    sql: `CREATE TABLE erasures_applied_to (log ${TEXT} PRIMARY KEY, next bigint NOT NULL, last ${TEXT} NOT NULL);`,
  },
  {
    oldest: 1,
    // NULL until the PDP has opened it. Releases that do not know the column write none.
    sql: `ALTER TABLE pdps ADD COLUMN relationship_store ${TEXT};`,
  },
  {
    oldest: 1,
    sql: `
CREATE TABLE lookups (
  id ${TEXT} PRIMARY KEY, case_number ${TEXT} NOT NULL, person ${TEXT} NOT NULL, asked_by ${TEXT} NOT NULL, asked_at bigint NOT NULL,
  approved_by ${TEXT}
);`,
  },
  {
    oldest: 1,
    sql: `
CREATE TABLE disabled_people (hash ${TEXT} PRIMARY KEY, at bigint NOT NULL, disabled integer NOT NULL);
CREATE TABLE received_signals (hash ${TEXT} PRIMARY KEY, until bigint NOT NULL);
CREATE INDEX received_signals_until ON received_signals (until);`,
  },
  {
    oldest: 1,
    // The issuer whose people the database knows (ADR 0154): NULL until the first start of a release that notes it.
    sql: `ALTER TABLE identity ADD COLUMN issuer ${TEXT};`,
  },
  {
    oldest: 1,
    // Outbox of events about grants (ADR 0156). Triggers record why events are due, whichever statement of whichever release ends a grant.
    sql: `
CREATE TABLE signal_recording (one integer PRIMARY KEY CHECK (one = 1));
CREATE TABLE signal_causes (kind ${TEXT} NOT NULL, id ${TEXT} NOT NULL, at bigint NOT NULL, PRIMARY KEY (kind, id, at));
CREATE TABLE signal_deliveries (
  id ${TEXT} PRIMARY KEY, jti ${TEXT} NOT NULL UNIQUE, receiver ${TEXT} NOT NULL, grant_id ${TEXT}, event ${TEXT} NOT NULL, data ${TEXT} NOT NULL,
  at bigint NOT NULL, issued_at bigint NOT NULL
);
CREATE INDEX signal_deliveries_receiver ON signal_deliveries (receiver, id);
CREATE INDEX signal_deliveries_issued ON signal_deliveries (issued_at);
CREATE INDEX grants_parent ON grants (parent) WHERE parent IS NOT NULL;
CREATE FUNCTION record_signal_cause() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO signal_causes (kind, id, at)
    SELECT TG_ARGV[0], NEW.id, coalesce((to_jsonb(NEW) ->> 'revoked_at')::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    WHERE EXISTS (SELECT FROM signal_recording)
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER grants_signal AFTER UPDATE OF revoked_at ON grants FOR EACH ROW
  WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION record_signal_cause('grant');
CREATE TRIGGER agents_signal AFTER UPDATE OF settled ON agents FOR EACH ROW
  WHEN (OLD.settled = 0 AND NEW.settled = 1 AND NEW.active = 0) EXECUTE FUNCTION record_signal_cause('agent');
CREATE TRIGGER personas_signal AFTER UPDATE OF settled ON personas FOR EACH ROW
  WHEN (OLD.settled = 0 AND NEW.settled = 1) EXECUTE FUNCTION record_signal_cause('persona');`,
  },
]
