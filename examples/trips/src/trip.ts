/**
 * Trips: what they are made of and how they change. Pure. A trip is a resource `workflow`, each of its parts a `workflow_item`.
 *
 * @module
 */
import type { OutcomeCode } from '@mandate/pep'
import type { EpochMillis, Link, Reason } from '@mandate/protocol'

/** Minor units and ISO 4217. */
export interface Money {
  readonly amount: number
  readonly currency: string
}

/** `rebooked`: booked again after a change. */
type ItemStatus = 'planned' | 'booked' | 'rebooked'

/** What executing an item did. `unchanged`: it was booked as it stands already. `none`: it was denied. */
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
  /** 0 none to 5 severe. */
  readonly risk: number
  /** Grows by one with every change: the item's ETag. */
  readonly version: number
  /** The version that was booked last; what differs from `version` has changed since. */
  readonly bookedVersion: number | undefined
  readonly lastAttempt: Attempt | undefined
}

export interface Workflow {
  readonly id: string
  readonly template: string
  /** `user:<sub>`; a sub means something under its issuer only, so both are kept. */
  readonly owner: string
  readonly issuer: string
  /** The persona it was created under, `title/circle`. */
  readonly ownerPersona: string | undefined
  readonly createdAt: string
  /** Grows by one when it changes hands: the trip's ETag. */
  readonly version: number
}

/** One try to execute an item: kept whole for the owner, shown to others without the figures of the owner's limits. */
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

/** The effect of executing an item now; idempotent: what is booked as it stands is not booked again. */
export function effectOf({
  status,
  version,
  bookedVersion,
}: Pick<Item, 'status' | 'version' | 'bookedVersion'>): Effect {
  if (status === 'planned') return 'booked'
  return bookedVersion === version ? 'unchanged' : 'rebooked'
}

/** An item after an effect took place. Booking is a change too: the version grows. */
export function afterEffect(item: Item, effect: Effect): Item {
  if (effect !== 'booked' && effect !== 'rebooked') return item
  const version = item.version + 1
  return { ...item, status: effect, version, bookedVersion: version }
}

/** An instant on the wire. */
export function instant(at: EpochMillis): string {
  return new Date(at).toISOString()
}
