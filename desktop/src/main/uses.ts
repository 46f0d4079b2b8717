/**
 * When grants were last used, from the newest permits of the decision log: one request, which is one entry of the log.
 *
 * @module
 */
import { decisionPageSchema } from '@mandate/protocol'
import type { Handlers } from './handlers.ts'

/** The most that the PDP gives at once. */
const NEWEST = 1_000

export const useHandlers: Handlers<'uses.list'> = {
  'uses.list': async (_input, { api }) => {
    const query = { kind: 'evaluation', decision: 'permit', limit: NEWEST }
    const page = await api.call('pdp', { path: '/v1/decisions', query }, decisionPageSchema)
    const last: Record<string, string> = {}
    for (const { chain = [], at } of page.entries) for (const { grant } of chain) last[grant] ??= at
    const earliest = page.entries.at(-1)?.at
    return { last, ...(page.next_cursor === undefined || earliest === undefined ? {} : { since: earliest }) }
  },
}
