/**
 * Fake trips and runs.
 *
 * @module
 */
import type { Decided, Item, ItemOutcome, Run, Trip, TripSummary } from '../../src/shared/views.ts'
import { chain, inDays, reason, run, TOO_DEAR, trips, ulid } from './world.ts'

/** Denies the hotel, which is above the price limit; permits everything else. */
export function decided(item: Pick<Item, 'name'>, byAgent: boolean): Decided {
  if (byAgent && item.name === 'hotel') {
    return { decision: false, reason: 'price_above_limit', reasons: TOO_DEAR, chain, evaluation_id: ulid(211) }
  }
  const code = byAgent ? 'delegated' : 'owner'
  return {
    decision: true,
    reason: code,
    reasons: [reason(code)],
    chain: byAgent ? chain : [],
    evaluation_id: ulid(210),
  }
}

export class Trips {
  #all: readonly Trip[] = trips

  list(): TripSummary[] {
    return this.#all.map(({ items: _, ...summary }) => summary)
  }

  read(id: string): Trip | undefined {
    return this.#all.find((trip) => trip.id === id)
  }

  create(template: string, owner: string): Trip {
    const [first] = trips
    if (!first) throw new RangeError('there is no trip to copy')
    const items = first.items.map(({ last_attempt: _, ...item }): Item => ({ ...item, status: 'planned' }))
    const trip = { ...first, id: ulid(50 + this.#all.length), template, owner, items, created_at: inDays(0) }
    this.#all = [trip, ...this.#all]
    return trip
  }

  tried(id: string, wanted: readonly string[] | undefined, isDry: boolean): ItemOutcome[] {
    const items = (this.read(id)?.items ?? []).filter((item) => wanted?.includes(item.id) ?? true)
    return items.map((item) => {
      const outcome = { item: item.id, name: item.name, ...decided(item, false) }
      return isDry
        ? outcome
        : { ...outcome, status: 'booked', effect: item.status === 'planned' ? 'booked' : 'unchanged' }
    })
  }
}

/** The states of a run, each complete. */
export function* goingOn(isDry: boolean): Generator<Run> {
  const items = run.items.map((item) => ({ ...item }))
  yield { ...run, dry_run: isDry, items: [...items] }
  for (const [at, item] of items.entries()) {
    const outcome = decided({ name: item.name ?? '' }, true)
    const status = isDry ? 'checked' : outcome.decision ? 'booked' : 'denied'
    items[at] = { ...item, ...outcome, status }
    yield { ...run, dry_run: isDry, items: [...items] }
  }
  yield { ...run, dry_run: isDry, status: 'done', ended_at: inDays(0), items }
}
