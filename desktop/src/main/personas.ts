/**
 * Operations on personas, and the persona that requests are made in. The choice is stored encrypted on this machine.
 *
 * @module
 */
import { type Persona, personaSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { Api } from './api.ts'
import { type Document, documentOf } from './documents.ts'
import { CallProblem } from './problems.ts'
import type { Store } from './store.ts'

const listSchema = z.object({ items: z.array(personaSchema) })
const chosenSchema = z.object({ chosen: z.string().optional() })

export const nameOf = ({ title, circle }: Persona): string => `${title}/${circle}`

/** Whether the persona is usable now. */
function isUsable({ status, valid_from, valid_till }: Persona, now: number): boolean {
  return status === 'active' && Date.parse(valid_from) <= now && now < Date.parse(valid_till)
}

export class Personas {
  readonly #document: Document<{ readonly chosen?: string | undefined }>
  readonly #changed: () => void
  readonly #clock: () => number
  #chosen: string | undefined
  #usable: readonly string[] | undefined

  /** @param changed - Called when another persona was chosen. */
  constructor(store: Store, clock: () => number, changed: () => void) {
    this.#document = documentOf(store, 'persona', chosenSchema, {})
    this.#clock = clock
    this.#changed = changed
  }

  /** `title/circle` of the chosen persona. */
  chosen(): string | undefined {
    return this.#chosen
  }

  /** Restores the stored choice. */
  async restore(): Promise<void> {
    this.#use((await this.#document.read()).chosen)
  }

  async choose(persona: string | undefined): Promise<void> {
    await this.#document.change(() => (persona === undefined ? {} : { chosen: persona }))
    this.#use(persona)
  }

  /** Reads all personas. Chooses the first usable one when the chosen one is missing or not usable. */
  async list(api: Api): Promise<readonly Persona[]> {
    const { items } = await api.call('pdp', { path: '/v1/personas' }, listSchema)
    const usable = items.filter((persona) => isUsable(persona, this.#clock())).map(nameOf)
    this.#usable = usable
    const next = usable.find((name) => name === this.#chosen) ?? usable[0]
    if (next !== this.#chosen) await this.choose(next)
    return items
  }

  /** `title/circle` of each persona that was usable when the list was last read. */
  async usable(api: Api): Promise<readonly string[]> {
    if (this.#usable === undefined) await this.list(api)
    return this.#usable ?? []
  }

  #use(persona: string | undefined): void {
    if (persona === this.#chosen) return
    this.#chosen = persona
    this.#changed()
  }
}

/** Chooses a persona. @throws CallProblem `persona_unusable` for one that the person does not hold, or that is not usable. */
export async function choosePersona(name: string, personas: Personas, api: Api, now: number): Promise<void> {
  const held = await personas.list(api)
  if (!held.some((persona) => nameOf(persona) === name && isUsable(persona, now))) {
    throw new CallProblem('persona_unusable', 'That persona is not usable.', { field: 'persona' })
  }
  await personas.choose(name)
}
