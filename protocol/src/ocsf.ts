/**
 * Log entries as events of the Open Cybersecurity Schema Framework (OCSF), for a SIEM. Class: API Activity (6003), whose actor has authorizations.
 * OCSF has no class for an authorization decision and no attributes for delegation: chain, reasons and gates are in `unmapped`, under their names
 * in the log.
 *
 * @see {@link https://schema.ocsf.io/1.8.0/classes/api_activity OCSF 1.8.0, API Activity}
 * @module
 */
import type { EntryKind } from './entry.ts'
import type { LoggedEntry } from './query.ts'

/** Version of the OCSF schema that {@link ocsfEvent} follows. */
export const OCSF_VERSION = '1.8.0'
const CATEGORY = 6
const CLASS = 6003

const ACTIVITIES = { 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete' } as const
const OTHER = 99

/** OCSF activity by kind of entry. Other kinds are activity 99 ("Other"), with the kind as the activity's name. */
const ACTIVITY_OF: Readonly<Partial<Record<EntryKind, keyof typeof ACTIVITIES>>> = {
  grant_issued: 1,
  grant_revoked: 4,
  grants_swept: 4,
  persona_created: 1,
  persona_changed: 3,
  agent_registered: 1,
  agent_changed: 3,
  resource_registered: 1,
  resource_removed: 4,
  resource_transferred: 3,
  invitation_changed: 3,
  log_read: 2,
  answer_replayed: 2,
  policy_loaded: 3,
  facts_changed: 3,
  key_changed: 3,
  clock_accepted: 3,
  person_erased: 4,
}

/** OCSF severities. A denial is informational: it is normal operation. A fault is not. */
const INFORMATIONAL = 1
const LOW = 2
const MEDIUM = 3
const severityOf = ({ kind }: LoggedEntry): number =>
  kind === 'fault' ? MEDIUM : kind === 'refused' ? LOW : INFORMATIONAL

const SUCCESS = 1
const FAILURE = 2
const USER = 1
const SERVICE = 4

type Json = Readonly<Record<string, unknown>>

/** Converts an entry to an OCSF 1.8.0 API Activity event. Members without a value are `undefined`. Never throws. */
export function ocsfEvent(entry: LoggedEntry): Json {
  const { kind, id, at, code, status, reasons, action, caller, target, request_id, trace } = entry
  const activity = ACTIVITY_OF[kind]
  const activityId = activity ?? OTHER
  const failed = entry.decision === false || kind === 'refused' || kind === 'fault'
  const who = caller ?? target ?? 'nobody'
  return {
    category_uid: CATEGORY,
    category_name: 'Application Activity',
    class_uid: CLASS,
    class_name: 'API Activity',
    activity_id: activityId,
    activity_name: activity ? ACTIVITIES[activity] : kind,
    type_uid: CLASS * 100 + activityId,
    type_name: `API Activity: ${activity ? ACTIVITIES[activity] : 'Other'}`,
    severity_id: severityOf(entry),
    time: Date.parse(at),
    status_id: failed ? FAILURE : SUCCESS,
    status: failed ? 'Failure' : 'Success',
    status_code: reasons?.[0]?.code ?? code,
    message: messageOf(entry),
    metadata: {
      version: OCSF_VERSION,
      product: { name: 'Mandate', vendor_name: 'Mandate' },
      uid: id,
      event_code: kind,
      log_name: entry.origin,
      sequence: entry.index,
      correlation_uid: trace ?? request_id,
    },
    actor: actorOf(entry, who),
    api: {
      operation: action ?? kind,
      service: { name: 'pdp' },
      request: { uid: request_id ?? id },
      response: status === undefined ? undefined : { code: status, error: code },
    },
    src_endpoint: { uid: who },
    resources: resourcesOf(entry),
    unmapped: unmappedOf(entry),
  }
}

function messageOf({ kind, decision, action, resource, target, code }: LoggedEntry): string {
  const outcome = decision === undefined ? kind : decision ? 'permit' : 'deny'
  return [outcome, action, resource ?? target, code].filter((part) => part !== undefined).join(' ')
}

const userOf = (party: string) => ({ uid: party, type_id: party.startsWith('user:') ? USER : SERVICE })

/** OCSF actor: `user` is the subject, `app_uid` the actor, or else the caller. */
function actorOf({ subject, actor, decision, policy }: LoggedEntry, who: string): Json {
  const [name, version] = policy?.split('@') ?? []
  const outcome = {
    decision: decision ? 'Allowed' : 'Denied',
    policy: policy === undefined ? undefined : { uid: policy, name, version },
  }
  return {
    user: subject === undefined ? undefined : userOf(subject),
    app_uid: actor ?? who,
    authorizations: decision === undefined ? undefined : [outcome],
  }
}

function resourcesOf({ resource, owner }: LoggedEntry): readonly Json[] | undefined {
  if (resource === undefined) return undefined
  const type = resource.slice(0, resource.indexOf(':'))
  return [{ uid: resource, type, owner: owner === undefined ? undefined : userOf(owner) }]
}

function unmappedOf(entry: LoggedEntry): Json {
  const { v, caller, persona, root, reasons, chain, attributes, target, change, model, consistency } = entry
  const { as_of, broken, withheld, round_trips, latency_ms, trace, request_id } = entry
  const asked = {
    caller,
    persona,
    root,
    reasons,
    chain,
    broken,
    attributes,
    target,
    change,
    request_id,
    trace,
    withheld,
  }
  return { v, as_of, ...asked, model, consistency, round_trips, latency_ms }
}
