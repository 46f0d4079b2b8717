/**
 * People as this person calls them. Typed in by them, sealed, and told to nobody: no service ever learns a name.
 *
 * @module
 */
import { z } from 'zod'
import { type Contact, contactSchema } from '../shared/views.ts'
import { type Document, documentOf } from './documents.ts'
import type { Handlers } from './handlers.ts'
import { localProblem } from './problems.ts'
import type { Store } from './store.ts'

const MAX_CONTACTS = 2_000
const contactsSchema = z.array(contactSchema)

export class Contacts {
  readonly #document: Document<Contact[]>

  constructor(store: Store) {
    this.#document = documentOf(store, 'contacts', contactsSchema, [])
  }

  /** By name. */
  async list(): Promise<readonly Contact[]> {
    return (await this.#document.read()).toSorted((a, b) => a.name.localeCompare(b.name))
  }

  async save(contact: Contact): Promise<Contact> {
    await this.#document.change((before) => {
      const others = before.filter(({ party }) => party !== contact.party)
      if (others.length >= MAX_CONTACTS) throw localProblem('failed', { detail: 'There are too many contacts.' })
      return [...others, contact]
    })
    return contact
  }

  /** Gives somebody a name, and keeps what was noted about them. */
  async name(party: string, name: string): Promise<void> {
    const known = (await this.#document.read()).find((contact) => contact.party === party)
    await this.save({ party, name, note: known?.note ?? '' })
  }

  async remove(party: string): Promise<void> {
    await this.#document.change((before) => before.filter((contact) => contact.party !== party))
  }
}

export const contactHandlers: Handlers<'contacts.list' | 'contacts.save' | 'contacts.remove'> = {
  'contacts.list': async (_input, { contacts }) => ({ items: [...(await contacts.list())] }),
  'contacts.save': (contact, { contacts }) => contacts.save(contact),
  'contacts.remove': async ({ party }, { contacts }) => {
    await contacts.remove(party)
  },
}
