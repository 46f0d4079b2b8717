/**
 * Export of all data of the person: this machine, trips, runs, and what the PDP exports.
 *
 * @module
 */
import { z } from 'zod'
import { tripSchema, tripSummarySchema } from '../shared/views.ts'
import { streamOf } from './activity.ts'
import { part } from './api.ts'
import { saveFile } from './files.ts'
import type { Context, Handlers } from './handlers.ts'
import { runHandlers } from './runs.ts'

const NAME = 'mandate-my-data.json'
const tripsSchema = z.object({ items: z.array(tripSummarySchema), next_cursor: z.string().optional() })
const PAGE = 200

export const accountHandlers: Handlers<'account.export'> = {
  'account.export': (_input, context) => saveFile(context.host, NAME, () => everything(context)),
}

/** Streams the file: a log may not fit in memory. */
async function* everything(context: Context): AsyncGenerator<Uint8Array | string, void> {
  const { api, contacts, personas, config } = context
  const here = { contacts: await contacts.list(), persona: personas.chosen() }
  yield `{"on_this_machine":${JSON.stringify(here)},"trips":${JSON.stringify(await ownTrips(context))}`
  const { items: runs } = config.agents.length > 0 ? await runHandlers['runs.list'](undefined, context) : { items: [] }
  yield `,"runs":${JSON.stringify(runs)},"mandate":`
  yield* streamOf(await api.open('pdp', { path: '/v1/subjects/me/export' }))
  yield '}\n'
}

/** Own trips only; shared trips are data of their owners. */
async function ownTrips({ api, account }: Context): Promise<readonly z.infer<typeof tripSchema>[]> {
  const own: z.infer<typeof tripSchema>[] = []
  let cursor: string | undefined
  do {
    const page = await api.call('trips', { path: '/workflows', query: { limit: PAGE, cursor } }, tripsSchema)
    for (const { id, owner } of page.items) {
      if (owner === account.party) own.push(await api.call('trips', { path: `/workflows/${part(id)}` }, tripSchema))
    }
    cursor = page.next_cursor
  } while (cursor !== undefined)
  return own
}
