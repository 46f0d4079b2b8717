/**
 * Changes that take authority away and that a decision log has although the database may not: the database was restored from a backup that is older than the
 * log (rule E5, ADR 0151). Collects them from entries, and proposes those that the database lacks; the reconciler completes them.
 *
 * @module
 */
import type { Autonomy, Entry, PartyRef, PersonaStatus } from '@mandate/protocol'
import { LeaseHeld } from '../ports/leases.ts'
import type { PersonaRecord, Register } from '../ports/register.ts'
import type { Intents, Keys } from '../ports/stores.ts'

export interface LaterChangesDeps {
  readonly register: Pick<
    Register,
    'byIds' | 'proposeEnd' | 'pendingEnds' | 'agent' | 'proposeAgent' | 'persona' | 'proposePersona'
  >
  readonly intents: Pick<Intents, 'replacements'>
  readonly keys: Pick<Keys, 'byId' | 'revoke'>
}

/** Kinds of entries that {@link LaterChanges} reads. */
export const ENDING_KINDS = ['grant_revoked', 'key_changed', 'persona_changed', 'agent_changed'] as const
/** Kinds of changes that may take authority away and are not applied from a log: an operator repeats them. */
const REPEATED_BY_HAND = ['facts_changed', 'resource_transferred', 'resource_removed', 'policy_loaded']

/** Grants that are looked up by one query. */
const AT_ONCE = 500
/** Order of statuses by what they permit. A status is never replaced by an earlier one. */
const RESTRICTION: Readonly<Record<PersonaStatus, number>> = {
  active: 0,
  pending: 1,
  inactive: 1,
  suspended: 2,
  revoked: 3,
}

interface At {
  readonly at: string
}
interface PersonaState extends At {
  readonly status: PersonaStatus
  readonly consents: boolean
}

/** What {@link LaterChanges.propose} did, for the operations log. */
export interface Proposed {
  readonly grants: number
  readonly keys: number
  readonly personas: number
  readonly agents: number
}

export class LaterChanges {
  readonly #grants = new Map<string, At & { readonly by: PartyRef | undefined }>()
  readonly #keys = new Map<string, At>()
  readonly #personas = new Map<string, PersonaState>()
  readonly #agents = new Map<string, At & { readonly status: unknown }>()
  readonly #byHand = new Map<string, number>()

  /** @param isLater - Whether the entry is certainly newer than the database. */
  add({ kind, target, change = {}, at }: Entry, isLater: boolean): void {
    if (isLater && REPEATED_BY_HAND.includes(kind)) this.#byHand.set(kind, (this.#byHand.get(kind) ?? 0) + 1)
    if (target === undefined) return
    if (kind === 'grant_revoked') this.#grants.set(target, { at, by: partyIn(change['by']) })
    if (kind === 'key_changed' && change['status'] === 'revoked') this.#keys.set(target.replace(/^mk_/u, ''), { at })
    if (kind === 'persona_changed') newest(this.#personas, target, personaState(change, at))
    if (kind === 'agent_changed') newest(this.#agents, target.replace(/^agent:/u, ''), { at, status: change['status'] })
  }

  /** Counts of changes that an operator has to look through, by kind of entry. */
  get byHand(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#byHand)
  }

  /**
   * Proposes what the database lacks. A change that is pending already, or that another PDP is carrying out, is left to whichever has it.
   *
   * @param withSuspensions - Whether changes are proposed that can be taken back. Not after a crash beside other PDPs: one of them may have lifted a
   * suspension since, and its log is not read here.
   */
  async propose(deps: LaterChangesDeps, withSuspensions: boolean): Promise<Proposed> {
    return {
      grants: await this.#proposeEnds(deps),
      keys: await this.#revokeKeys(deps),
      personas: await this.#proposePersonas(deps, withSuspensions),
      agents: withSuspensions ? await this.#proposeAgents(deps) : 0,
    }
  }

  async #proposeEnds({ register, intents }: LaterChangesDeps): Promise<number> {
    if (this.#grants.size === 0) return 0
    const replaced = (await intents.replacements()).flatMap(({ exchanged }) => exchanged.map(({ from }) => from.id))
    const pending = new Set([...replaced, ...(await register.pendingEnds()).map(({ grant }) => grant.id)])
    const ids = [...this.#grants.keys()].filter((id) => !pending.has(id))
    let count = 0
    for (let from = 0; from < ids.length; from += AT_ONCE)
      for (const { id, revokedAt, delegator } of (await register.byIds(ids.slice(from, from + AT_ONCE))).values()) {
        const end = this.#grants.get(id)
        if (!end || revokedAt !== undefined) continue
        const proposed = { by: end.by ?? delegator, at: Date.parse(end.at), reason: '' }
        count += await unlessHeld(() => register.proposeEnd(id, proposed))
      }
    return count
  }

  async #revokeKeys({ keys }: LaterChangesDeps): Promise<number> {
    let count = 0
    for (const [id, { at }] of this.#keys) {
      const key = await keys.byId(id)
      if (!key || key.record.revokedAt !== undefined) continue
      count += await unlessHeld(() => keys.revoke(id, Date.parse(at)))
    }
    return count
  }

  async #proposePersonas({ register }: LaterChangesDeps, withSuspensions: boolean): Promise<number> {
    let count = 0
    for (const [id, state] of this.#personas) {
      if (!withSuspensions && state.status !== 'revoked') continue
      const persona = await register.persona(id)
      const narrowed = persona && narrowedTo(persona, state)
      if (narrowed) count += await unlessHeld(() => register.proposePersona(narrowed))
    }
    return count
  }

  async #proposeAgents({ register }: LaterChangesDeps): Promise<number> {
    let count = 0
    for (const [id, { status }] of this.#agents) {
      const agent = status === 'suspended' ? await register.agent(id) : undefined
      if (agent?.active) count += await unlessHeld(() => register.proposeAgent({ ...agent, active: false }))
    }
    return count
  }
}

const partyIn = (by: unknown): PartyRef | undefined => (typeof by === 'string' ? (by as PartyRef) : undefined)

/** Entries of an archive come newest first, those of the log oldest first. */
function newest<T extends At>(found: Map<string, T>, id: string, state: T): void {
  const known = found.get(id)
  if (!known || known.at <= state.at) found.set(id, state)
}

function personaState(change: Readonly<Record<string, unknown>>, at: string): PersonaState {
  const autonomy = change['autonomy'] as Partial<Autonomy> | undefined
  return { at, status: change['status'] as PersonaStatus, consents: autonomy?.consent === true }
}

/** The persona with the log's status where that permits less, and without a consent that was taken back. `undefined` where it permits no more than the log says. */
function narrowedTo(persona: PersonaRecord, { status, consents }: PersonaState): PersonaRecord | undefined {
  const isWider = (RESTRICTION[status] ?? 0) > RESTRICTION[persona.status]
  const { autonomy } = persona
  const takesBack = autonomy?.consent === true && !consents
  if (!isWider && !takesBack) return undefined
  const kept = status === 'revoked' ? undefined : autonomy && { ...autonomy, consent: autonomy.consent && consents }
  return { ...persona, status: isWider ? status : persona.status, autonomy: kept, pending: undefined }
}

/** @returns 0 when another PDP is carrying the change out */
async function unlessHeld(propose: () => Promise<void>): Promise<number> {
  try {
    await propose()
    return 1
  } catch (error) {
    if (error instanceof LeaseHeld) return 0
    throw error
  }
}
