/**
 * What was asked for and not finished, after a crash or a failure: finished where it takes authority away, undone where it was a grant nobody
 * was told of. Nothing is permitted by it that nobody asked for.
 *
 * @module
 */
import type { UndecidedChanges } from '../ports/engine.ts'
import type { GrantEnd, GrantRecord } from '../ports/grants.ts'
import type { EntryDraft } from '../ports/recorder.ts'
import type { PersonaRecord } from '../ports/register.ts'
import type { Replacement } from '../ports/stores.ts'
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

/** Settles one thing in its turn; a fault is told, and counted as left over. */
type Each = (turn: string | InTurn, task: () => Promise<unknown>) => Promise<void>
type InTurn = (task: () => Promise<unknown>) => Promise<unknown>

/**
 * Tries once to settle everything: first what a Write without an answer leaves in doubt, then what takes authority away, then the rest. A
 * change that is under way is waited for, and left alone when it succeeds.
 *
 * @param onFault - Told of each that could not be settled now.
 * @returns How many are left.
 */
export async function reconcile(
  deps: PapDeps,
  undecided: Pick<UndecidedChanges, 'decideAll'>,
  onFault: (error: unknown) => void,
): Promise<number> {
  let left = 0
  const each: Each = async (turn, task) => {
    try {
      await (typeof turn === 'string' ? deps.mutex.run(turn, task) : turn(task))
    } catch (error) {
      left += 1
      onFault(error)
    }
  }
  await undecided.decideAll(onFault)
  await reconcileNarrowings(deps, each)
  await reconcilePeople(deps, each)
  await settleGrants(deps, each)
  await reconcileRest(deps, each)
  return left + (await undecided.decideAll(onFault))
}

/** Ends of grants, and what could not be written down. */
async function reconcileNarrowings(deps: PapDeps, each: Each): Promise<void> {
  const { narrowings, register } = deps
  for (const turn of narrowings.turns()) await each(turn, () => narrowings.finishAll(turn))
  for (const { grant } of await register.pendingEnds())
    await each(
      (task) => inTurnOfEnd(deps, grant.id, task),
      async () => {
        const pending = await endOf(deps, grant.id)
        if (pending) await finishEnd(deps, pending.grant, pending.end, BY_ITSELF)
      },
    )
}

/** Agents and personas, those that lose authority first. */
async function reconcilePeople(deps: PapDeps, each: Each): Promise<void> {
  const { register } = deps
  for (const { id } of (await register.pendingAgents()).toSorted((a, b) => Number(a.active) - Number(b.active)))
    await each(mutexKey.agent(id), async () => {
      const agent = (await register.pendingAgents()).find((one) => one.id === id)
      if (agent) await finishAgent(deps, agent, BY_ITSELF)
    })
  const isActive = ({ status }: PersonaRecord): number => Number(status === 'active')
  for (const { id, holder } of (await register.pendingPersonas()).toSorted((a, b) => isActive(a) - isActive(b)))
    await each(mutexKey.personasOf(holder), async () => {
      const persona = (await register.pendingPersonas()).find((one) => one.id === id)
      if (persona) await finishPersona(deps, persona, BY_ITSELF)
    })
}

/** Replacements are finished as a whole; grants that were not issued are taken back. */
async function settleGrants(deps: PapDeps, each: Each): Promise<void> {
  const { intents, register } = deps
  for (const replacement of await intents.replacements())
    await each(mutexKey.grantsBy(replacement.by), async () => {
      if (await isPending(deps, idOf(replacement))) await finishReplacement(deps, replacement, BY_ITSELF)
    })
  for (const { id, delegator } of await register.pendingGrants())
    await each(mutexKey.grantsBy(delegator), async () => {
      const grant = await register.pendingGrant(id)
      if (grant && !(await replacementWith(deps, id))) await undoGrant(deps, grant, BY_ITSELF)
    })
}

async function reconcileRest(deps: PapDeps, each: Each): Promise<void> {
  const { intents, keys, people } = deps
  for (const change of await intents.factChanges())
    await each(mutexKey.facts(change.domain), async () => {
      if ((await intents.factChanges()).some(({ plan }) => plan.id === change.plan.id))
        await finishFactChange(deps, change, BY_ITSELF)
    })
  for (const { to } of await intents.transfers())
    await each(mutexKey.resource(to.resource), () => finishTransferOf(deps, to.resource, BY_ITSELF))
  for (const key of await keys.pending()) await each(mutexKey.key(key.id), () => finishKey(deps, key, BY_ITSELF))
  for (const erasure of await people.erasures())
    await each(mutexKey.person(erasure.person), async () => {
      if (await people.isErasing(erasure.person)) await finishErasure(deps, erasure, BY_ITSELF)
    })
}

const idOf = ({ exchanged }: Replacement): string | undefined => exchanged[0]?.to.id
const isPending = async ({ intents }: PapDeps, id: string | undefined): Promise<boolean> =>
  (await intents.replacements()).some((one) => idOf(one) === id)

const endOf = async (
  { register }: PapDeps,
  id: string,
): Promise<{ readonly grant: GrantRecord; readonly end: GrantEnd } | undefined> =>
  (await register.pendingEnds()).find(({ grant }) => grant.id === id)

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
