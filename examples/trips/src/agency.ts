/**
 * What trips does once it may: create, execute, change. Asks nobody for permission: the routes did.
 *
 * @module
 */
import type { Authz, Outcome, PdpAdmin } from '@mandate/pep'
import { refOf } from '@mandate/pep'
import { type EpochMillis, Fault, refuse } from '@mandate/protocol'
import { ulid } from 'ulid'
import type { TripAndItems, TripStore } from './store.ts'
import type { Template } from './templates.ts'
import { type Attempt, afterEffect, type Effect, effectOf, type Item, instant } from './trip.ts'

export interface AgencyDeps {
  readonly store: TripStore
  readonly registry: Pick<PdpAdmin, 'register' | 'unregister'>
  readonly issuer: string
  readonly now: () => EpochMillis
}

export interface NewTripOrder {
  readonly template: Template
  /** `user:<sub>`. */
  readonly owner: string
  readonly ownerPersona: string | undefined
  /** Departure, or the template's default. */
  readonly startsAt: string | undefined
}

const HOUR_MS = 3_600_000

export class Agency {
  readonly #deps: AgencyDeps

  constructor(deps: AgencyDeps) {
    this.#deps = deps
  }

  /**
   * Keeps the trip unseen, registers it and its items with the PDP, and only then publishes it: there is never a trip that the PDP does
   * not know, and what a failure or a crash leaves behind is taken back.
   *
   * @param published - Runs in the transaction that publishes the trip.
   * @throws Fault `decision_unavailable` when it could not be registered; nothing is kept then.
   */
  async create(order: NewTripOrder, published: (trip: TripAndItems) => void = () => undefined): Promise<TripAndItems> {
    const { store, registry } = this.#deps
    const trip = this.#plan(order)
    const { id, owner, ownerPersona } = trip.workflow
    store.addPending(trip)
    try {
      const persona = ownerPersona === undefined ? {} : { owner_persona: ownerPersona }
      await registry.register({ type: 'workflow', id, owner, ...persona })
      const parent = `workflow:${id}`
      await Promise.all(trip.items.map((item) => registry.register({ type: 'workflow_item', id: item.id, parent })))
    } catch (error) {
      await this.#takeBack(trip).catch(() => undefined)
      throw error
    }
    store.transaction(() => {
      store.publish(id)
      published(trip)
    })
    return trip
  }

  /** Takes back what a crash left half registered. What cannot be taken back now stays unseen, for the next start. */
  async recover(): Promise<{ readonly takenBack: number; readonly left: number }> {
    const pending = this.#deps.store.pending()
    const results = await Promise.allSettled(pending.map((trip) => this.#takeBack(trip)))
    const takenBack = results.filter(({ status }) => status === 'fulfilled').length
    return { takenBack, left: pending.length - takenBack }
  }

  /** Books what is permitted, and keeps what came of it. To be run in a transaction. */
  perform(item: Item, outcome: Outcome, authz: Authz): { readonly item: Item; readonly effect: Effect } {
    const { store } = this.#deps
    const effect = outcome.decision ? effectOf(item) : 'none'
    const after = afterEffect(item, effect)
    if (after !== item && !store.replaceItem(after, item.version)) throw new Fault('conflict', 'the item has changed')
    const lastAttempt = this.attemptOf(outcome, authz, effect)
    store.recordAttempt(item.id, lastAttempt)
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
   * @throws Fault `conflict` when it is not at `expectedVersion` any more.
   */
  reschedule(item: Item, startsAt: string, expectedVersion: number): Item {
    const changed = { ...item, startsAt: instant(Date.parse(startsAt)), version: expectedVersion + 1 }
    if (this.#deps.store.replaceItem(changed, expectedVersion)) return changed
    throw refuse('conflict', 'The item has changed since you read it. Read it again.')
  }

  #plan({ template, owner, ownerPersona, startsAt }: NewTripOrder): TripAndItems {
    const now = this.#deps.now()
    const departure = startsAt === undefined ? now + template.departsInDays * 24 * HOUR_MS : Date.parse(startsAt)
    if (departure <= now) throw refuse('invalid_request', 'starts_at must lie ahead.')
    const id = ulid(now)
    const { issuer } = this.#deps
    const workflow = { id, template: template.id, owner, issuer, ownerPersona, createdAt: instant(now) }
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

  /** Items first: the PDP may refuse to forget what something still hangs on. */
  async #takeBack({ workflow, items }: TripAndItems): Promise<void> {
    const { store, registry } = this.#deps
    await Promise.all(items.map(({ id }) => registry.unregister('workflow_item', id)))
    await registry.unregister('workflow', workflow.id)
    store.remove(workflow.id)
  }
}
