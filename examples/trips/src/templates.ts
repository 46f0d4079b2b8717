/**
 * Templates of trips. Prices and risks come from here, in place of a supplier's system; never from a request.
 *
 * @module
 */
import type { Money } from './trip.ts'

interface TemplateItem {
  readonly name: string
  readonly plannedPrice: Money
  readonly risk: number
  /** Start, in hours after the trip's departure. */
  readonly afterHours: number
}

export interface Template {
  readonly id: string
  readonly title: string
  /** Default departure, in days after creation. */
  readonly departsInDays: number
  readonly items: readonly TemplateItem[]
}

const euros = (amount: number): Money => ({ amount: amount * 100, currency: 'EUR' })

export const TEMPLATES: readonly Template[] = [
  {
    id: 'milan',
    title: 'Three days in Milan',
    departsInDays: 60,
    items: [
      { name: 'hotel', plannedPrice: euros(4_200), risk: 1, afterHours: 6 },
      { name: 'dinner', plannedPrice: euros(120), risk: 0, afterHours: 12 },
      { name: 'flight', plannedPrice: euros(4_000), risk: 2, afterHours: 0 },
    ],
  },
  {
    id: 'day-in-vienna',
    title: 'A day in Vienna',
    departsInDays: 21,
    items: [
      { name: 'train', plannedPrice: euros(89), risk: 1, afterHours: 0 },
      { name: 'museum', plannedPrice: euros(25), risk: 0, afterHours: 5 },
    ],
  },
]

export function templateOf(id: string): Template | undefined {
  return TEMPLATES.find((template) => template.id === id)
}
