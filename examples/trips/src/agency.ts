/**
 * What trips does once it may: create, execute, change. Asks nobody for permission: the routes did.
 *
 * @module
 */
import type { Authz, Outcome, PdpAdmin } from '@mandate/pep'
import { refOf } from '@mandate/pep'
import { type EpochMillis, Fault, refuse } from '@mandate/protocol'
import { ulid } from 'ulid'
import { deliver, emptyOutbox } from './outbox.ts'
import type { Holder, TripAndItems, TripStore, TripWork } from './store.ts'
import type { Template } from './templates.ts'
import { type Attempt, afterEffect, type Effect, effectOf, type Item, instant, type Workflow } from './trip.ts'

export interface AgencyDeps {
  readonly store: TripStore
  readonly pdp: Pick<PdpAdmin, 'register' | 'unregister' | 'transfer'>
  readonly issuer: string
  readonly now: () => EpochMillis
  /** How long a trip may take to be registered, in milliseconds: after that its creation was cut off by a crash. */
  readonly abandonedMs: number
}

/** Runs in the transaction that publishes a trip. */
type Published = (trip: TripAndItems, within: TripWork) => Promise<void>

export interface NewTripOrder {
  readonly template: Template
  /** `user:<sub>`. */
  readonly owner: string
  readonly ownerPersona: string | undefined
  /** Departure, or the template's default. */
  readonly startsAt: string | undefined
}

/** An item, and what was decided about it. */
export interface Performance {
  readonly item: Item
  readonly outcome: Outcome
  readonly authz: Authz
}

export interface Performed {
  readonly item: Item
  readonly effect: Effect
}

const HOUR_MS = 3_600_000

export class Agency {
  readonly #deps: AgencyDeps

  constructor(deps: AgencyDeps) {
    this.#deps = deps
  }

  /**
   * Keeps the trip unseen, registers it and its items with the PDP, and only then publishes it: there is never a trip that the PDP does
   * not know. What a failure or a crash leaves behind is taken back by the outbox, however long the PDP is away.
   *
   * @throws Fault `decision_unavailable` when it could not be registered; nothing is kept then.
   */
  async create(order: NewTripOrder, published: Published = async () => undefined): Promise<TripAndItems> {
    const { store, pdp } = this.#deps
    const trip = this.#plan(order)
    const { id, owner, ownerPersona } = trip.workflow
    await store.addPending(trip)
    try {
      const persona = ownerPersona === undefined ? {} : { owner_persona: ownerPersona }
      await pdp.register({ type: 'workflow', id, owner, ...persona })
      const parent = `workflow:${id}`
      await settled(trip.items.map((item) => pdp.register({ type: 'workflow_item', id: item.id, parent })))
    } catch (error) {
      await store.takeBack(id)
      this.#hurry()
      throw error
    }
    await store.transaction(async (within) => {
      if (!(await within.publish(id))) throw new Fault('decision_unavailable', 'registering took too long')
      await published(trip, within)
    })
    return trip
  }

  /** Nobody was told of what a crash left half made: it is taken back. @returns how many trips. */
  async recover(): Promise<number> {
    const { store, now, abandonedMs } = this.#deps
    const abandoned = await store.pending(instant(now() - abandonedMs))
    for (const id of abandoned) await store.takeBack(id)
    return abandoned.length
  }

  /**
   * Gives a trip to somebody else, at the PDP first. When the PDP does not answer, it is not known whether it is done: then it will be, by
   * the outbox.
   *
   * @throws Fault `precondition_failed` when the trip is not at `expectedVersion` any more, `conflict` when it is being transferred or the
   * PDP refuses.
   */
  async transfer({ id, version }: Workflow, to: Holder, expectedVersion: number): Promise<'done' | 'pending'> {
    if (version !== expectedVersion) throw stale('trip')
    const message = await this.#deps.store.proposeTransfer(id, to, expectedVersion)
    if (message === undefined) throw refuse('conflict', 'The trip is being transferred.')
    try {
      if ((await deliver(message, this.#deps)) === 'done') return 'done'
    } catch (error) {
      if (error instanceof Fault && error.code === 'decision_unavailable') return 'pending'
      throw error
    }
    throw refuse('conflict', 'It cannot be given to them: they must be known here, in that persona.')
  }

  /** Books what is permitted, and keeps what came of it. */
  async perform(within: TripWork, { item, outcome, authz }: Performance): Promise<Performed> {
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
   * Moves an item to another instant.
   *
   * @throws Fault `precondition_failed` when it is not at `expectedVersion` any more.
   */
  async reschedule(item: Item, startsAt: string, expectedVersion: number): Promise<Item> {
    const changed = { ...item, startsAt: instant(Date.parse(startsAt)), version: expectedVersion + 1 }
    if (await this.#deps.store.replaceItem(changed, expectedVersion)) return changed
    throw stale('item')
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
  #hurry(): void {
    void emptyOutbox(this.#deps).catch(() => undefined)
  }
}

/** Waits for all of them: a registration still under way must not arrive after its removal. @throws the first failure. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work)
  const failed = results.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

function stale(what: string): Fault {
  return refuse('precondition_failed', `The ${what} has changed since you read it. Read it again.`)
}
