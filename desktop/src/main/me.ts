/**
 * How the log knows the person: their pseudonym, as an entry tells it in which nobody but they can be the subject.
 *
 * @module
 */
import { loggedEntrySchema, pseudonymSchema } from '@mandate/protocol'
import { z } from 'zod'
import { type Api, part } from './api.ts'
import { documentOf } from './documents.ts'
import type { Store } from './store.ts'

export interface Me {
  /** `user:<pseudonym>`; `undefined` while no entry has told it. Never rejects. */
  readonly pseudonym: () => Promise<string | undefined>
}

const meSchema = z.object({ pseudonym: z.string().optional() })
const told = z.string().refine((party) => pseudonymSchema.safeParse(party.slice('user:'.length)).success)

/** What the person does themself at trips is decided under an id that trips tells; its entry has them as subject. Asked once, then remembered. */
export function createMe(store: Store, api: Api): Me {
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
