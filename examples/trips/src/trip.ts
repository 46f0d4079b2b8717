/**
 * Domain types of trips, and the state changes of an item. Pure. To the PDP a trip is a resource `workflow`, and each of its items a `workflow_item`.
 *
 * @module
 */
import type { OutcomeCode } from '@mandate/pep'
import type { EpochMillis, Link, Reason } from '@mandate/protocol'

/** Amount in minor units, currency in ISO 4217. */
export interface Money {
  readonly amount: number
  readonly currency: string
}

/** `rebooked`: booked again after a change. */
type ItemStatus = 'planned' | 'booked' | 'rebooked'

/** Effect of executing an item. `unchanged`: its current version was booked already. `none`: it was denied. */
export type Effect = 'booked' | 'rebooked' | 'unchanged' | 'none'

export interface Item {
  readonly id: string
  readonly workflow: string
  /** Its name in the template, such as `hotel`. */
  readonly name: string
  readonly status: ItemStatus
  readonly plannedPrice: Money
  /** RFC 3339. */
  readonly startsAt: string
  /** From 0 (none) to 5 (severe). */
  readonly risk: number
  /** Increases by one with every change; the item's ETag. */
  readonly version: number
  /** Version that was booked last; differs from `version` when the item has changed since. */
  readonly bookedVersion: number | undefined
  readonly lastAttempt: Attempt | undefined
}

export interface Workflow {
  readonly id: string
  readonly template: string
  /** `user:<sub>`. A sub is unique per issuer only, so `issuer` is stored too. */
  readonly owner: string
  readonly issuer: string
  /** The persona it was created under, `title/circle`. */
  readonly ownerPersona: string | undefined
  readonly createdAt: string
  /** Increases by one with every transfer; the trip's ETag. */
  readonly version: number
}

/** One attempt to execute an item. Readers other than the owner see it without the values of the owner's limits. */
export interface Attempt {
  readonly at: string
  readonly subject: string
  readonly actor: string | undefined
  readonly decision: boolean
  readonly reason: OutcomeCode
  readonly reasons: readonly Reason[]
  readonly chain: readonly Link[]
  readonly evaluationId: string | undefined
  readonly owner: string | undefined
  readonly effect: Effect
}

/** Computes the effect of executing an item now. Idempotent: a version that is booked is not booked again. */
export function effectOf({
  status,
  version,
  bookedVersion,
}: Pick<Item, 'status' | 'version' | 'bookedVersion'>): Effect {
  if (status === 'planned') return 'booked'
  return bookedVersion === version ? 'unchanged' : 'rebooked'
}

/** Applies an effect to an item. Booking increases the version. */
export function afterEffect(item: Item, effect: Effect): Item {
  if (effect !== 'booked' && effect !== 'rebooked') return item
  const version = item.version + 1
  return { ...item, status: effect, version, bookedVersion: version }
}

/** Formats an instant as RFC 3339 in UTC. */
export function instant(at: EpochMillis): string {
  return new Date(at).toISOString()
}
