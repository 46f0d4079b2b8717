/**
 * The person's own pseudonym in the decision log, read from an entry of which they are the subject.
 *
 * @module
 */
import { loggedEntrySchema, pseudonymSchema } from '@mandate/protocol'
import { z } from 'zod'
import { type Api, part } from './api.ts'
import { documentOf } from './documents.ts'
import type { Store } from './store.ts'

export interface OwnPseudonym {
  /** `user:<pseudonym>`; `undefined` while it is unknown. Never rejects. */
  readonly pseudonym: () => Promise<string | undefined>
}

const meSchema = z.object({ pseudonym: z.string().optional() })
const told = z.string().refine((party) => pseudonymSchema.safeParse(party.slice('user:'.length)).success)

/** Trips returns the decision id of the person's own request; that entry has the person as subject. Stored once known. */
export function createOwnPseudonym(store: Store, api: Api): OwnPseudonym {
  const document = documentOf(store, 'me', meSchema, {})
  const learn = async (): Promise<string | undefined> => {
    if (api.lastEvaluation() === undefined) await api.text('trips', { path: '/workflows', query: { limit: 1 } })
    const id = api.lastEvaluation()
    if (id === undefined) return undefined
    const { subject, actor } = await api.call('pdp', { path: `/v1/decisions/${part(id)}` }, loggedEntrySchema)
    const pseudonym = actor === undefined ? told.safeParse(subject).data : undefined
    if (pseudonym !== undefined) await document.change(() => ({ pseudonym }))
    return pseudonym
  }
  return {
    pseudonym: async () => {
      try {
        return (await document.read()).pseudonym ?? (await learn())
      } catch {
        return undefined
      }
    },
  }
}
