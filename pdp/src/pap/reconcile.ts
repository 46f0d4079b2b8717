/**
 * What was asked for and not finished, after a crash or a failure: finished where it takes authority away, undone where it was a grant nobody
 * was told of. Nothing is permitted by it that nobody asked for.
 *
 * @module
 */
import type { UndecidedChanges } from '../ports/engine.ts'
import type { PendingKind } from '../ports/leases.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { PersonaRecord } from '../ports/register.ts'
import { replacementId } from '../ports/stores.ts'
import { finishAgent } from './agents.ts'
import { finishErasure } from './erase.ts'
import { finishFactChange } from './facts.ts'
import { finishEnd, inTurnOfEnd, undoGrant } from './grants.ts'
import { mutexKey } from './keyed-mutex.ts'
import { finishKey } from './keys.ts'
import type { PapDeps } from './pap.ts'
import { finishPersona } from './personas.ts'
import { finishReplacement, replacementWith } from './replace.ts'
import { finishTransferOf } from './transfer.ts'

/** Who finishes. */
const BY_ITSELF: Pick<EntryDraft, 'caller'> = { caller: 'service:pdp' }

/** One pending change: its lease, the mutex of what it changes, and how it is finished. */
interface Pending<T> {
  readonly kind: PendingKind
  readonly id: string
  readonly turn: string | InTurn
  /** What is pending now, once no other PDP can change that; `undefined` where it is complete. */
  readonly find: () => Promise<T | undefined>
  readonly finish: (found: T) => Promise<unknown>
}

type InTurn = (task: () => Promise<unknown>) => Promise<unknown>
type Each = <T>(pending: Pending<T>) => Promise<void>

/**
 * Tries once to finish everything that is pending and that no other PDP is carrying out: first Writes without an answer, then what takes authority
 * away, then the rest. A change that this process has under way is waited for, and left alone when it succeeds.
 *
 * @param onFault - Told of each that could not be finished now.
 * @returns How many are left, those of other PDPs included: theirs are looked at again in case their lease ends.
 */
export async function reconcile(
  deps: PapDeps,
  undecided: Pick<UndecidedChanges, 'decideAll'>,
  onFault: (error: unknown) => void,
): Promise<number> {
  let left = 0
  const counted = async (task: () => Promise<unknown>): Promise<void> => {
    try {
      if ((await task()) === false) left += 1
    } catch (error) {
      left += 1
      onFault(error)
    }
  }
  const each: Each = (pending) => counted(() => finishOne(deps, pending))
  await undecided.decideAll(onFault)
  const { narrowings } = deps
  for (const turn of narrowings.turns()) await counted(() => deps.mutex.run(turn, () => narrowings.finishAll(turn)))
  await reconcileEnds(deps, each)
  await reconcilePeople(deps, each)
  await reconcileGrants(deps, each)
  await reconcileRest(deps, each)
  return left + (await undecided.decideAll(onFault))
}

/** @returns `false` where another PDP has the change. */
async function finishOne<T>({ mutex, leases }: PapDeps, pending: Pending<T>): Promise<boolean> {
  const { kind, id, turn, find, finish } = pending
  const task = async (): Promise<boolean> => {
    if (!(await leases.take(kind, id))) return false
    const found = await find()
    if (found === undefined) await leases.release(kind, id)
    else await finish(found)
    return true
  }
  if (typeof turn === 'string') return mutex.run(turn, task)
  let isOurs = false
  await turn(async () => {
    isOurs = await task()
  })
  return isOurs
}

async function reconcileEnds(deps: PapDeps, each: Each): Promise<void> {
  const { register } = deps
  for (const { grant } of await register.pendingEnds())
    await each({
      kind: 'end',
      id: grant.id,
      turn: (task) => inTurnOfEnd(deps, grant.id, task),
      find: async () => (await register.pendingEnds()).find((one) => one.grant.id === grant.id),
      finish: (pending) => finishEnd(deps, pending.grant, pending.end, BY_ITSELF),
    })
}

/** Agents and personas, those that lose authority first. */
async function reconcilePeople(deps: PapDeps, each: Each): Promise<void> {
  const { register } = deps
  for (const { id } of (await register.pendingAgents()).toSorted((a, b) => Number(a.active) - Number(b.active)))
    await each({
      kind: 'agent',
      id,
      turn: mutexKey.agent(id),
      find: async () => (await register.pendingAgents()).find((one) => one.id === id),
      finish: (agent) => finishAgent(deps, agent, BY_ITSELF),
    })
  const isActive = ({ status }: PersonaRecord): number => Number(status === 'active')
  for (const { id, holder } of (await register.pendingPersonas()).toSorted((a, b) => isActive(a) - isActive(b)))
    await each({
      kind: 'persona',
      id,
      turn: mutexKey.personasOf(holder),
      find: async () => (await register.pendingPersonas()).find((one) => one.id === id),
      finish: (persona) => finishPersona(deps, persona, BY_ITSELF),
    })
}

/** Replacements are finished as a whole; grants that were not issued are taken back. */
async function reconcileGrants(deps: PapDeps, each: Each): Promise<void> {
  const { intents, register } = deps
  for (const replacement of await intents.replacements())
    await each({
      kind: 'replacement',
      id: replacementId(replacement),
      turn: mutexKey.grantsBy(replacement.by),
      find: async () => (await intents.replacements()).find((one) => replacementId(one) === replacementId(replacement)),
      finish: (pending) => finishReplacement(deps, pending, BY_ITSELF),
    })
  for (const { id, delegator } of await register.pendingGrants())
    if (!(await replacementWith(deps, id)))
      await each({
        kind: 'grant',
        id,
        turn: mutexKey.grantsBy(delegator),
        find: async () => ((await replacementWith(deps, id)) ? undefined : register.pendingGrant(id)),
        finish: (grant) => undoGrant(deps, grant, BY_ITSELF),
      })
}

async function reconcileRest(deps: PapDeps, each: Each): Promise<void> {
  const { intents, keys, people } = deps
  for (const { plan, domain } of await intents.factChanges())
    await each({
      kind: 'facts',
      id: plan.id,
      turn: mutexKey.facts(domain),
      find: async () => (await intents.factChanges()).find((one) => one.plan.id === plan.id),
      finish: (change) => finishFactChange(deps, change, BY_ITSELF),
    })
  for (const { to } of await intents.transfers())
    await each({
      kind: 'transfer',
      id: to.resource,
      turn: mutexKey.resource(to.resource),
      find: () => intents.transferOf(to.resource),
      finish: () => finishTransferOf(deps, to.resource, BY_ITSELF),
    })
  for (const { id } of await keys.pending())
    await each({
      kind: 'key',
      id,
      turn: mutexKey.key(id),
      find: async () => (await keys.pending()).find((one) => one.id === id),
      finish: (key) => finishKey(deps, key, BY_ITSELF),
    })
  for (const { person } of await people.erasures())
    await each({
      kind: 'erasure',
      id: person,
      turn: mutexKey.person(person),
      find: async () => (await people.erasures()).find((one) => one.person === person),
      finish: (erasure) => finishErasure(deps, erasure, BY_ITSELF),
    })
}

/**
 * How long until it is tried again, in milliseconds: always the same while the relationship store does not answer, so that what was taken away
 * is gone as soon as it does; longer and longer while something else fails.
 */
const AGAIN_AFTER = { unreachable: 100, first: 100, most: 5_000 } as const

export interface ReconcilerOptions {
  /** Tries once. @returns How many are left. */
  readonly reconcile: () => Promise<number>
  /** Whether the relationship store answers. Cheap, and bounded in time. */
  readonly isReachable: () => Promise<boolean>
}

/** Settles again and again while something is left. What is left at the end is settled at the next start. */
export class Reconciler {
  readonly #options: ReconcilerOptions
  #timer: NodeJS.Timeout | undefined
  /** Whether what is scheduled comes as soon as a nudge would have it. */
  #isSoon = false
  #running: Promise<void> | undefined
  #again: number = AGAIN_AFTER.first
  #closed = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  /** Settles what it can now, and goes on with the rest. */
  async run(): Promise<void> {
    const left = await this.#options.reconcile()
    this.#again = left > 0 ? Math.min(this.#again * 2, AGAIN_AFTER.most) : AGAIN_AFTER.first
    if (left > 0) this.#schedule(this.#again)
  }

  /** Says that something may be left. However often it is said, it is not put off. */
  schedule(): void {
    this.#again = AGAIN_AFTER.first
    if (this.#timer && this.#isSoon) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#schedule(this.#again)
  }

  #schedule(afterMs: number): void {
    if (this.#closed || this.#timer) return
    this.#isSoon = afterMs <= AGAIN_AFTER.first
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#running = (this.#running ?? Promise.resolve()).then(() => this.#tryAgain())
    }, afterMs).unref()
  }

  async #tryAgain(): Promise<void> {
    if (this.#closed) return
    if (await this.#options.isReachable()) await this.run()
    else this.#schedule(AGAIN_AFTER.unreachable)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running
  }
}
