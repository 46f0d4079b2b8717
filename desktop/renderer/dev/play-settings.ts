/**
 * Fake personas and account.
 *
 * @module
 */
import type { Persona } from '@mandate/protocol'
import type { CheckedInput } from '../../src/shared/channel.ts'
import type { Erased } from '../../src/shared/views.ts'
import { CARLO, domains, dora, inDays, ulid, YANNICK } from './world.ts'

const FOREVER = '9999-12-31T00:00:00.000Z'

const aPersona = (number: number, persona: Partial<Persona>): Persona => ({
  id: ulid(500 + number),
  holder: CARLO,
  title: 'traveler',
  circle: 'family',
  domain: 'travel',
  status: 'active',
  valid_from: inDays(-30),
  valid_till: FOREVER,
  created_at: inDays(-30),
  ...persona,
})

const personasOf: Readonly<Record<string, readonly Persona[]>> = {
  [CARLO]: [
    aPersona(1, {
      autonomy: {
        consent: true,
        limits: {
          price: { at_most: 410_000, currency: 'EUR' },
          lead_time: { at_least: 604_800 },
          risk: { at_most: 3 },
        },
      },
    }),
    aPersona(2, { title: 'business-traveler', circle: 'acme', valid_till: inDays(90) }),
    aPersona(3, { title: 'traveler', circle: 'club', status: 'inactive' }),
    aPersona(4, { title: 'office-manager', circle: 'acme', status: 'pending', created_at: inDays(-1) }),
    aPersona(5, { title: 'booking-assistant', circle: 'north', status: 'suspended' }),
    aPersona(6, { title: 'visitor', circle: 'museum', status: 'revoked' }),
  ],
  [dora.state === 'signed_in' ? dora.subject : '']: [
    aPersona(8, {
      title: 'donor',
      circle: 'ward-2',
      domain: 'lab',
      autonomy: { consent: true, limits: { volume: { at_most: 10 }, notice: { at_least: 172_800 } } },
    }),
    aPersona(9, { title: 'donor', circle: 'home', domain: 'lab' }),
    aPersona(10, { title: 'traveler', circle: 'home' }),
  ],
  [YANNICK]: [aPersona(7, { holder: YANNICK, title: 'travel-agent', circle: 'acme' })],
}

export class Personas {
  readonly #me: string
  #all: readonly Persona[]

  constructor(me: string, isEmpty: boolean) {
    this.#me = me
    this.#all = isEmpty ? [] : (personasOf[me] ?? [])
  }

  list(): Persona[] {
    return [...this.#all]
  }

  create({ title, circle, valid_till: till }: CheckedInput<'personas.create'>): Persona {
    const isOwn = domains.some(({ titles }) => titles[title]?.assume === 'self')
    const status = isOwn ? 'active' : 'pending'
    const made = aPersona(20 + this.#all.length, {
      holder: this.#me,
      title,
      circle,
      status,
      valid_from: inDays(0),
      created_at: inDays(0),
      ...(till === undefined ? {} : { valid_till: till }),
    })
    this.#all = [...this.#all, made]
    return made
  }

  change(id: string, change: Partial<Persona>): Persona | undefined {
    this.#all = this.#all.map((one) => (one.id === id ? { ...one, ...change } : one))
    return this.#all.find((one) => one.id === id)
  }

  setAutonomy({ id, autonomy }: CheckedInput<'personas.setAutonomy'>): Persona | undefined {
    const before = this.#all.find((one) => one.id === id)
    if (!before) return undefined
    const { autonomy: _, ...without } = before
    const limits = autonomy?.limits ?? {}
    const changed = autonomy ? { ...without, autonomy: { consent: autonomy.consent, limits } } : without
    this.#all = this.#all.map((one) => (one.id === id ? changed : one))
    return changed
  }
}

export const erased: Erased = {
  id: ulid(600),
  ended: { grants: 3, personas: 5 },
  remains: [
    {
      where: 'identity provider',
      what: 'the account with its name and e-mail address, its sessions and consents, its login events',
      how: 'its operator runs: npm run delete-login',
    },
  ],
}
