/**
 * The decision log, as far as the person is a party to it: read, proved, asked again, taken home.
 *
 * @module
 */
import { decisionPageSchema, loggedEntrySchema, replaySchema } from '@mandate/protocol'
import { part } from './api.ts'
import { piecesOf } from './bounded.ts'
import { saveFile } from './files.ts'
import type { Handlers } from './handlers.ts'
import { localProblem } from './problems.ts'

type Names = 'activity.list' | 'activity.read' | 'activity.proof' | 'activity.replay' | 'activity.export'

/** OCSF is JSON Lines too. */
const EXTENSIONS = { jsonl: 'jsonl', csv: 'csv', ocsf: 'ocsf.jsonl' } as const

const pathOf = (id: string): string => `/v1/decisions/${part(id)}`

export const activityHandlers: Handlers<Names> = {
  'activity.list': async (query, { api, me }) => {
    const page = await api.call('pdp', { path: '/v1/decisions', query: { ...query } }, decisionPageSchema)
    const pseudonym = await me.pseudonym()
    return { ...page, ...(pseudonym === undefined ? {} : { me: pseudonym }) }
  },
  'activity.read': ({ id }, { api }) => api.call('pdp', { path: pathOf(id) }, loggedEntrySchema),
  /** The entry as text: whatever stands in it is hashed, also what this app does not know. */
  'activity.proof': async ({ id }, { api, config }) => {
    const entry = await api.text('pdp', { path: pathOf(id) })
    const proof = await api.text('pdp', { path: `${pathOf(id)}/proof` })
    return { entry, proof, keys: [...config.logKeys] }
  },
  'activity.replay': ({ id }, { api }) => api.call('pdp', { path: `${pathOf(id)}/replay` }, replaySchema),
  'activity.export': ({ format, filter }, { api, host }) =>
    saveFile(host, `mandate-activity.${EXTENSIONS[format]}`, async function* () {
      const query = { ...filter, format }
      const response = await api.open('pdp', { path: '/v1/decisions/export', query })
      yield* wholeOf(response)
    }),
}

/** What breaks off is not an export. */
export async function* wholeOf(response: Response): AsyncGenerator<Uint8Array, void> {
  try {
    yield* piecesOf(response)
  } catch (cause) {
    throw localProblem('offline', { cause })
  }
}
