/**
 * Operations on contacts.
 *
 * @module
 */
import type { Handlers } from './handlers.ts'

export const contactHandlers: Handlers<'contacts.list' | 'contacts.save' | 'contacts.remove'> = {
  'contacts.list': async (_input, { contacts }) => ({ items: [...(await contacts.list())] }),
  'contacts.save': (contact, { contacts }) => contacts.save(contact),
  'contacts.remove': async ({ party }, { contacts }) => {
    await contacts.remove(party)
  },
}
