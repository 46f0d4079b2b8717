/**
 * Application service of trips: creates, executes, transfers and reschedules. Makes no authorization checks: the routes' guards do.
 *
 * @module
 */
import type { Authz, Outcome, PdpAdmin } from '@mandate/pep'
import { refOf } from '@mandate/pep'
import { type EpochMillis, Fault, refuse } from '@mandate/protocol'
import { ulid } from 'ulid'
import { deliver, emptyOutbox } from './outbox.ts'
import type { TripAndItems, TripOwner, TripStore, TripWork } from './store.ts'
import type { Template } from './templates.ts'
import { type Attempt, afterEffect, type Effect, effectOf, type Item, instant, type Workflow } from './trip.ts'

export interface TripServiceDeps {
  readonly store: TripStore
  readonly pdp: Pick<PdpAdmin, 'register' | 'unregister' | 'transfer'>
  readonly issuer: string
  readonly now: () => EpochMillis
  /** Time allowed to register a trip, in milliseconds; a trip pending for longer is taken as left by a crash, and is removed. */
  readonly abandonedMs: number
}

/** Callback that runs in the transaction that publishes a trip. */
type OnPublish = (trip: TripAndItems, within: TripWork) => Promise<void>

export interface NewTripOrder {
  readonly template: Template
  /** `user:<sub>`. */
  readonly owner: string
  readonly ownerPersona: string | undefined
  /** Departure, or the template's default. */
  readonly startsAt: string | undefined
}

/** An item to execute, with the decision about it. */
export interface Execution {
  readonly item: Item
  readonly outcome: Outcome
  readonly authz: Authz
}

/** An item after its execution. */
export interface Executed {
  readonly item: Item
  readonly effect: Effect
}

const HOUR_MS = 3_600_000

export class TripService {
  readonly #deps: TripServiceDeps

  constructor(deps: TripServiceDeps) {
    this.#deps = deps
  }

  /**
   * Creates a trip in three steps: stores it as pending, registers it and its items with the PDP, publishes it. So the PDP knows every trip that a
   * reader can see. After a failure or a crash the outbox removes the registrations, retrying until the PDP answers.
   *
   * @throws Fault `decision_unavailable` when it could not be registered; the trip is removed then.
   */
  async create(order: NewTripOrder, onPublish: OnPublish = async () => undefined): Promise<TripAndItems> {
    const { store, pdp } = this.#deps
    const trip = this.#plan(order)
    const { id, owner, ownerPersona } = trip.workflow
    await store.addPending(trip)
    try {
      const persona = ownerPersona === undefined ? {} : { owner_persona: ownerPersona }
      await pdp.register({ type: 'workflow', id, owner, ...persona })
      const parent = `workflow:${id}`
      await awaitAll(trip.items.map((item) => pdp.register({ type: 'workflow_item', id: item.id, parent })))
    } catch (error) {
      await store.removePending(id)
      this.#emptyOutboxNow()
      throw error
    }
    await store.transaction(async (within) => {
      if (!(await within.publish(id))) throw new Fault('decision_unavailable', 'registering took too long')
      await onPublish(trip, within)
    })
    return trip
  }

  /** Removes trips that a crash left pending; no client was told of them. @returns How many trips. */
  async recover(): Promise<number> {
    const { store, now, abandonedMs } = this.#deps
    const abandoned = await store.pending(instant(now() - abandonedMs))
    for (const id of abandoned) await store.removePending(id)
    return abandoned.length
  }

  /**
   * Transfers a trip to another owner, at the PDP first. When the PDP does not answer, the outcome is unknown; the outbox then repeats the transfer
   * until the PDP answers.
   *
   * @throws Fault `precondition_failed` when the trip is no longer at `expectedVersion`; `conflict` when another transfer is pending or the
   * PDP refuses.
   */
  async transfer({ id, version }: Workflow, to: TripOwner, expectedVersion: number): Promise<'done' | 'pending'> {
    if (version !== expectedVersion) throw staleVersion('trip')
    const message = await this.#deps.store.proposeTransfer(id, to, expectedVersion)
    if (message === undefined) throw refuse('conflict', 'The trip is being transferred.')
    try {
      if ((await deliver(message, this.#deps)) === 'done') return 'done'
    } catch (error) {
      if (error instanceof Fault && error.code === 'decision_unavailable') return 'pending'
      throw error
    }
    throw refuse('conflict', 'The new owner must be known to the PDP, in that persona.')
  }

  /** Books an item if its decision permits, and records the attempt either way. */
  async execute(within: TripWork, { item, outcome, authz }: Execution): Promise<Executed> {
    const effect = outcome.decision ? effectOf(item) : 'none'
    const after = afterEffect(item, effect)
    const isReplaced = after === item || (await within.replaceItem(after, item.version))
    if (!isReplaced) throw new Fault('conflict', 'the item has changed')
    const lastAttempt = this.attemptOf(outcome, authz, effect)
    await within.recordAttempt(item.id, lastAttempt)
    return { item: { ...after, lastAttempt }, effect }
  }

  attemptOf(outcome: Outcome, { subject, actor }: Authz, effect: Effect): Attempt {
    return {
      at: instant(this.#deps.now()),
      subject: refOf(subject),
      actor: actor ? refOf(actor) : undefined,
      decision: outcome.decision,
      reason: outcome.reason,
      reasons: outcome.reasons,
      chain: outcome.chain,
      evaluationId: outcome.evaluationId,
      owner: outcome.owner,
      effect,
    }
  }

  /**
   * Changes the start of an item.
   *
   * @throws Fault `precondition_failed` when the item is no longer at `expectedVersion`.
   */
  async reschedule(item: Item, startsAt: string, expectedVersion: number): Promise<Item> {
    const changed = { ...item, startsAt: instant(Date.parse(startsAt)), version: expectedVersion + 1 }
    if (await this.#deps.store.replaceItem(changed, expectedVersion)) return changed
    throw staleVersion('item')
  }

  #plan({ template, owner, ownerPersona, startsAt }: NewTripOrder): TripAndItems {
    const now = this.#deps.now()
    const departure = startsAt === undefined ? now + template.departsInDays * 24 * HOUR_MS : Date.parse(startsAt)
    if (departure <= now) throw refuse('invalid_request', 'starts_at must lie ahead.')
    const id = ulid(now)
    const { issuer } = this.#deps
    const workflow = { id, template: template.id, owner, issuer, ownerPersona, createdAt: instant(now), version: 1 }
    const items = template.items.map(
      ({ name, plannedPrice, risk, afterHours }): Item => ({
        id: ulid(now),
        workflow: id,
        name,
        status: 'planned',
        plannedPrice,
        startsAt: instant(departure + afterHours * HOUR_MS),
        risk,
        version: 1,
        bookedVersion: undefined,
        lastAttempt: undefined,
      }),
    )
    return { workflow, items }
  }

  /** Takes back at once what can be; the rest is for the next round. */
  #emptyOutboxNow(): void {
    void emptyOutbox(this.#deps).catch(() => undefined)
  }
}

/** Waits until every promise has settled: a registration in flight must not arrive after its removal. @throws The first failure. */
async function awaitAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work)
  const failed = results.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

function staleVersion(what: string): Fault {
  return refuse('precondition_failed', `The ${what} has changed since you read it. Read it again.`)
}
