/**
 * Reconciles pending changes after a crash or a failure: completes those that take authority away, undoes grants whose issue was never confirmed to the
 * caller.
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
import { finishKey } from './keys.ts'
import { lockKey } from './lock-keys.ts'
import type { PapDeps } from './pap.ts'
import { finishPersona } from './personas.ts'
import { finishReplacement, replacementWith } from './replace.ts'
import { finishTransferOf } from './transfer.ts'

/** The caller in entries of reconciled changes. */
const BY_ITSELF: Pick<EntryDraft, 'caller'> = { caller: 'service:pdp' }

/** One pending change: its lease, its lock key, and how it is completed. */
interface Pending<T> {
  readonly kind: PendingKind
  readonly id: string
  readonly turn: string | InTurn
  /** Reads the pending change again, holding lease and lock. `undefined` when it is complete. */
  readonly find: () => Promise<T | undefined>
  readonly finish: (found: T) => Promise<unknown>
}

type InTurn = (task: () => Promise<unknown>) => Promise<unknown>
type Each = <T>(pending: Pending<T>) => Promise<void>

/**
 * Reconciles once every pending change that no other PDP has a lease on: first Writes of unknown outcome, then changes that take authority away, then the
 * rest. Waits for changes in progress in this process, and skips those that succeed. Leaves alone what other PDPs have in progress.
 *
 * @param onFault - Called for each change that could not be reconciled.
 * @returns the number of changes left, those of other PDPs included: their leases may end
 */
export async function reconcile(
  deps: PapDeps,
  undecided: Pick<UndecidedChanges, 'decideAll'>,
  onFault: (error: unknown) => void,
): Promise<number> {
  let left = 0
  let failed = 0
  const counted = async (task: () => Promise<unknown>): Promise<void> => {
    try {
      if ((await task()) === false) left += 1
    } catch (error) {
      failed += 1
      onFault(error)
    }
  }
  const each: Each = (pending) => counted(() => finishOne(deps, pending))
  const orphans = await deps.leases.orphans()
  await undecided.decideAll(onFault)
  const { narrowings } = deps
  for (const turn of narrowings.turns()) await counted(() => deps.locks.run(turn, () => narrowings.finishAll(turn)))
  await reconcileEnds(deps, each)
  await reconcilePeople(deps, each)
  await reconcileGrants(deps, each)
  await reconcileRest(deps, each)
  // Orphans of pending changes are taken over by now: the others stand for nothing.
  if (failed === 0) await deps.leases.dropOrphans(orphans).catch(onFault)
  return left + failed + (await undecided.decideAll(onFault))
}

/** @returns `false` when another PDP has the lease */
async function finishOne<T>({ locks, leases }: PapDeps, pending: Pending<T>): Promise<boolean> {
  const { kind, id, turn, find, finish } = pending
  // Without waiting for its lock: the other PDP is carrying the change out.
  if (await leases.isHeldByAnother(kind, id)) return false
  const task = async (): Promise<boolean> => {
    if (!(await leases.take(kind, id))) return false
    const found = await find()
    if (found === undefined) await leases.release(kind, id)
    else await finish(found)
    return true
  }
  if (typeof turn === 'string') return locks.run(turn, task)
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

/** Agents and personas; those that lose authority first. */
async function reconcilePeople(deps: PapDeps, each: Each): Promise<void> {
  const { register } = deps
  for (const { id } of (await register.pendingAgents()).toSorted((a, b) => Number(a.active) - Number(b.active)))
    await each({
      kind: 'agent',
      id,
      turn: lockKey.agent(id),
      find: async () => (await register.pendingAgents()).find((one) => one.id === id),
      finish: (agent) => finishAgent(deps, agent, BY_ITSELF),
    })
  const isActive = ({ status }: PersonaRecord): number => Number(status === 'active')
  for (const { id, holder } of (await register.pendingPersonas()).toSorted((a, b) => isActive(a) - isActive(b)))
    await each({
      kind: 'persona',
      id,
      turn: lockKey.personasOf(holder),
      find: async () => (await register.pendingPersonas()).find((one) => one.id === id),
      finish: (persona) => finishPersona(deps, persona, BY_ITSELF),
    })
}

/** Completes replacements as a whole; undoes grants whose issue is pending. */
async function reconcileGrants(deps: PapDeps, each: Each): Promise<void> {
  const { intents, register } = deps
  for (const replacement of await intents.replacements())
    await each({
      kind: 'replacement',
      id: replacementId(replacement),
      turn: lockKey.grantsBy(replacement.by),
      find: async () => (await intents.replacements()).find((one) => replacementId(one) === replacementId(replacement)),
      finish: (pending) => finishReplacement(deps, pending, BY_ITSELF),
    })
  for (const { id, delegator } of await register.pendingGrants())
    if (!(await replacementWith(deps, id)))
      await each({
        kind: 'grant',
        id,
        turn: lockKey.grantsBy(delegator),
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
      turn: lockKey.facts(domain),
      find: async () => (await intents.factChanges()).find((one) => one.plan.id === plan.id),
      finish: (change) => finishFactChange(deps, change, BY_ITSELF),
    })
  for (const { to } of await intents.transfers())
    await each({
      kind: 'transfer',
      id: to.resource,
      turn: lockKey.resource(to.resource),
      find: () => intents.transferOf(to.resource),
      finish: () => finishTransferOf(deps, to.resource, BY_ITSELF),
    })
  for (const { id } of await keys.pending())
    await each({
      kind: 'key',
      id,
      turn: lockKey.key(id),
      find: async () => (await keys.pending()).find((one) => one.id === id),
      finish: (key) => finishKey(deps, key, BY_ITSELF),
    })
  for (const { person } of await people.erasures())
    await each({
      kind: 'erasure',
      id: person,
      turn: lockKey.person(person),
      find: async () => (await people.erasures()).find((one) => one.person === person),
      finish: (erasure) => finishErasure(deps, erasure, BY_ITSELF),
    })
}

/**
 * Delay before the next attempt, in milliseconds: constant while OpenFGA does not answer, so that revocations take effect as soon as it does; with
 * exponential backoff for other failures.
 */
const AGAIN_AFTER = { unreachable: 100, first: 100, most: 5_000 } as const

export interface ReconcilerOptions {
  /** Reconciles once. @returns the number of changes left */
  readonly reconcile: () => Promise<number>
  /** Whether OpenFGA answers. Cheap, with a timeout. */
  readonly isReachable: () => Promise<boolean>
  /** Called when a scheduled run fails as a whole, such as when the database cannot be read. Another run is scheduled. */
  readonly onFault: (error: unknown) => void
}

/** Reconciles repeatedly while changes are left. The next start reconciles what is left at the end. */
export class Reconciler {
  readonly #options: ReconcilerOptions
  #timer: NodeJS.Timeout | undefined
  /** Whether the scheduled run is as early as `schedule()` would make it. */
  #isSoon = false
  #running: Promise<void> | undefined
  #again: number = AGAIN_AFTER.first
  #closed = false

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  /** Reconciles now, and schedules the next attempt if changes are left. */
  async run(): Promise<void> {
    const left = await this.#options.reconcile()
    this.#again = left > 0 ? Math.min(this.#again * 2, AGAIN_AFTER.most) : AGAIN_AFTER.first
    if (left > 0) this.#schedule(this.#again)
  }

  /** Schedules a run soon. Repeated calls do not delay it. */
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
    try {
      if (await this.#options.isReachable()) await this.run()
      else this.#schedule(AGAIN_AFTER.unreachable)
    } catch (error) {
      this.#options.onFault(error)
      this.#again = Math.min(this.#again * 2, AGAIN_AFTER.most)
      this.#schedule(this.#again)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running
  }
}
