/**
 * Names of people: the person's own, stored encrypted on this machine, before those of the app's settings. Never sent to a service.
 *
 * @module
 */
import { z } from 'zod'
import { nameObjection, noteObjection, shownName, shownNote } from '../shared/contact-name.ts'
import { type Contact, contactSchema, type ListedContact } from '../shared/views.ts'
import { type Document, documentOf } from './documents.ts'
import type { DesktopConfig } from './host.ts'
import { CallProblem, localProblem } from './problems.ts'
import type { Store } from './store.ts'

const MAX_CONTACTS = 2_000
const contactsSchema = z.array(contactSchema)

export class Contacts {
  readonly #document: Document<Contact[]>
  /** Reserved words: the titles of agents. */
  readonly #taken: readonly string[]
  /** Of the settings. */
  readonly #people: DesktopConfig['people']

  constructor(store: Store, { agents, people }: Pick<DesktopConfig, 'agents' | 'people'>) {
    this.#document = documentOf(store, 'contacts', contactsSchema, [])
    this.#taken = agents.map(({ title }) => title)
    this.#people = people
  }

  /** All contacts, sorted by name: a name of the person's own before that of the settings. Names that would be refused today are shown escaped. */
  async list(): Promise<readonly ListedContact[]> {
    const own = (await this.#document.read()).map(({ party, name, note }) => ({
      party,
      name: shownName(name, this.#taken),
      note: shownNote(note),
    }))
    const named = new Set(own.map(({ party }) => party))
    const given = this.#people.filter(({ party }) => !named.has(party))
    const listed = [...own, ...given.map((person) => ({ ...person, note: '', bySettings: true as const }))]
    return listed.toSorted((a, b) => a.name.localeCompare(b.name))
  }

  /** @throws CallProblem `invalid_request` for a misleading name. */
  checkName(name: string): void {
    const objection = nameObjection(name, this.#taken)
    if (objection !== undefined) throw refusedText('name', 'That name cannot be used.', objection)
  }

  /** @throws CallProblem as {@link checkName}, for the note too. */
  async save(contact: Contact): Promise<Contact> {
    this.checkName(contact.name)
    const objection = noteObjection(contact.note)
    if (objection !== undefined) throw refusedText('note', 'That note cannot be saved.', objection)
    await this.#document.change((before) => {
      const others = before.filter(({ party }) => party !== contact.party)
      if (others.length >= MAX_CONTACTS) throw localProblem('failed', { detail: 'There are too many contacts.' })
      return [...others, contact]
    })
    return contact
  }

  /** Names a person and keeps the note. */
  async name(party: string, name: string): Promise<void> {
    const known = (await this.list()).find((contact) => contact.party === party)
    await this.save({ party, name, note: known?.note ?? '' })
  }

  async remove(party: string): Promise<void> {
    await this.#document.change((before) => before.filter((contact) => contact.party !== party))
  }
}

const refusedText = (field: 'name' | 'note', title: string, detail: string): CallProblem =>
  new CallProblem('invalid_request', title, { field, detail })
