/**
 * Which grants a cause is about, and which receivers may know of them.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import {
  type EpochMillis,
  GRANT_EVENTS,
  type GrantEndReason,
  type GrantEventMembers,
  type PartyRef,
  splitRef,
} from '@mandate/protocol'
import type { Pack, Policies } from '../policy/pack.ts'
import type { Clock } from '../ports/clock.ts'
import type { GrantRecord } from '../ports/grants.ts'
import { grantsOnPath, type Register } from '../ports/register.ts'
import type { SignalCause, SignalDelivery, SignalOutbox } from '../ports/signal-outbox.ts'
import type { SignalReceiverSettings } from './receivers.ts'

export interface GrantEventDeps {
  readonly register: Pick<Register, 'byIds' | 'unendedOf' | 'agent' | 'persona'>
  readonly signalOutbox: Pick<SignalOutbox, 'liveBelow'>
  readonly clock: Clock
}

/** An event before it has a receiver. */
export interface GrantEvent {
  readonly grant: GrantRecord
  /** URI. */
  readonly event: string
  readonly at: EpochMillis
  readonly reason: GrantEndReason | undefined
}

/** The events that a cause leads to: one for each grant, those further down the chains included. None where the cause does not hold any more. */
export async function eventsOf(cause: SignalCause, deps: GrantEventDeps): Promise<readonly GrantEvent[]> {
  if (cause.kind === 'grant') return endsOf(cause, deps)
  const now = deps.clock()
  const given = await (cause.kind === 'agent' ? unusableByAgent(cause.id, deps) : unusableByPersona(cause.id, deps))
  const live: GrantRecord[] = []
  for (const grant of given.grants) if (await isLive(grant, now, deps)) live.push(grant)
  const all = new Map([...live, ...(await below(live, now, deps))].map((grant) => [grant.id, grant]))
  return [...all.values()]
    .filter(given.isAffected)
    .map((grant) => ({ grant, event: GRANT_EVENTS.suspended, at: cause.at, reason: undefined }))
}

/** Of several changes of one agent or persona only the last counts: the others' state is gone. */
export const latestOfEach = (causes: readonly SignalCause[]): readonly SignalCause[] => [
  ...new Map(causes.map((cause) => [`${cause.kind} ${cause.id}`, cause])).values(),
]

async function endsOf({ id, at }: SignalCause, deps: GrantEventDeps): Promise<readonly GrantEvent[]> {
  const grant = (await deps.register.byIds([id])).get(id)
  if (grant?.revokedAt === undefined) return []
  const ended = (one: GrantRecord, reason: GrantEndReason): GrantEvent => ({
    grant: one,
    event: GRANT_EVENTS.ended,
    at,
    reason,
  })
  const children = await below([grant], at, deps)
  return [ended(grant, endReason(grant)), ...children.map((child) => ended(child, 'above_ended'))]
}

/** The text that a person gave as reason is not looked at: it may be any. */
function endReason({ replacedBy, revokedBy }: GrantRecord): GrantEndReason {
  if (replacedBy !== undefined) return 'replaced'
  return revokedBy === undefined ? 'transferred' : 'revoked'
}

interface Unusable {
  readonly grants: readonly GrantRecord[]
  /** Of these grants and of those below them. */
  readonly isAffected: (grant: GrantRecord) => boolean
}

const NONE: Unusable = { grants: [], isAffected: () => false }

/** Grants that a suspended agent gave or holds. */
async function unusableByAgent(id: string, { register, clock }: GrantEventDeps): Promise<Unusable> {
  const agent = await register.agent(id)
  if (agent?.active !== false || agent.pending) return NONE
  return { grants: await register.unendedOf(`agent:${id}`, clock()), isAffected: () => true }
}

/** Grants that were given in a persona which is not usable; of a usable one without consent those that agents hold, where it owns what they cover. */
async function unusableByPersona(id: string, { register, clock }: GrantEventDeps): Promise<Unusable> {
  const persona = await register.persona(id)
  // A pending change is a cause of its own when it is complete.
  if (!persona || persona.pending) return NONE
  const now = clock()
  const { status, validFrom, validTill, autonomy, holder } = persona
  const isUsable = status === 'active' && validFrom <= now && now < validTill
  if (isUsable && autonomy?.consent === true) return NONE
  const given = (await register.unendedOf(holder, now)).filter(({ delegatorPersona }) => delegatorPersona === id)
  if (!isUsable) return { grants: given, isAffected: () => true }
  return {
    grants: given.filter(({ parent }) => parent === undefined),
    isAffected: ({ delegate }) => delegate.startsWith('agent:'),
  }
}

/** Whether no grant above has ended or expired. */
async function isLive({ path }: GrantRecord, now: EpochMillis, { register }: GrantEventDeps): Promise<boolean> {
  const links = await grantsOnPath(register, path)
  return (
    links.length === path.length &&
    links.every(({ revokedAt, expiresAt }) => revokedAt === undefined && expiresAt > now)
  )
}

/** All grants further down the chains that neither ended nor expired by themselves. */
async function below(
  grants: readonly GrantRecord[],
  at: EpochMillis,
  { signalOutbox }: GrantEventDeps,
): Promise<readonly GrantRecord[]> {
  const found: GrantRecord[] = []
  let level = grants
  while (level.length > 0) {
    const ids = level.map(({ id }) => id)
    level = await signalOutbox.liveBelow(ids, at)
    found.push(...level)
  }
  return found
}

/** What a receiver's rights are judged by. */
export interface Rights {
  readonly policies: Pick<Policies, 'byType' | 'byDomain'>
  /** Types of each service. */
  readonly services: ReadonlyMap<string, readonly string[]>
}

/** Whether a receiver may know of a grant: a service of one that covers its types, an agent of one that it holds. */
export function mayKnow(
  { service, agent }: Pick<SignalReceiverSettings, 'service' | 'agent'>,
  { delegate, covers }: Pick<GrantRecord, 'delegate' | 'covers'>,
  { policies, services }: Rights,
): boolean {
  if (agent !== undefined) return delegate === (`agent:${agent}` satisfies PartyRef)
  const covered = typesOf(covers, policies)
  return (services.get(service ?? '') ?? []).some((type) => covered.includes(type))
}

/** The types of what a grant covers: of `all:<domain>` all of the domain, else that of the resource and those below it. */
function typesOf(covers: string, { byType, byDomain }: Rights['policies']): readonly string[] {
  const { type, id } = splitRef(covers)
  if (type !== 'all') return [type, ...typesBelow(byType.get(type), type)]
  const manifest = byDomain.get(id)?.manifest
  return manifest ? [...Object.keys(manifest.resources), ...(manifest.account ? [manifest.account] : [])] : []
}

function typesBelow(pack: Pack | undefined, above: string): readonly string[] {
  const children = Object.entries(pack?.manifest.resources ?? {}).filter(([, { parent }]) => parent === above)
  return children.flatMap(([type]) => [type, ...typesBelow(pack, type)])
}

/** The delivery of an event to one receiver. @param id - A new ULID. */
export function deliveryOf(
  { grant, event, at, reason }: GrantEvent,
  receiver: string,
  { id, now }: { readonly id: string; readonly now: EpochMillis },
): SignalDelivery {
  const members: GrantEventMembers = {
    event_timestamp: Math.floor(at / 1_000),
    scope: grant.covers,
    ...(reason === undefined ? {} : { reason }),
  }
  return {
    id,
    jti: jtiOf(receiver, event, grant.id, String(at)),
    receiver,
    grant: grant.id,
    event,
    data: JSON.stringify(members),
    at,
    // The database's clock, which some causes have, may be ahead.
    issuedAt: Math.max(now, at),
  }
}

const JTI_LENGTH = 22

/** The same for the same event and receiver. Different for each receiver, so that two of them cannot compare what they received. */
export const jtiOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, JTI_LENGTH)
