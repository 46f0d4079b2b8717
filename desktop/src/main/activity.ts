/**
 * Operations on the decision log: list, read, proof, replay, export. Only entries that the person may read.
 *
 * @module
 */
import { decisionPageSchema, loggedEntrySchema, replaySchema } from '@mandate/protocol'
import { part } from './api.ts'
import { saveFile } from './files.ts'
import type { Handlers } from './handlers.ts'
import { localProblem } from './problems.ts'
import { readChunks } from './response-body.ts'

type Names = 'activity.list' | 'activity.read' | 'activity.proof' | 'activity.replay' | 'activity.export'

/** File extension of each format; OCSF is JSON Lines too. */
const EXTENSIONS = { jsonl: 'jsonl', csv: 'csv', ocsf: 'ocsf.jsonl' } as const

const pathOf = (id: string): string => `/v1/decisions/${part(id)}`

export const activityHandlers: Handlers<Names> = {
  'activity.list': async (query, { api, ownPseudonym }) => {
    const page = await api.call('pdp', { path: '/v1/decisions', query: { ...query } }, decisionPageSchema)
    const pseudonym = await ownPseudonym.pseudonym()
    return { ...page, ...(pseudonym === undefined ? {} : { me: pseudonym }) }
  },
  'activity.read': ({ id }, { api }) => api.call('pdp', { path: pathOf(id) }, loggedEntrySchema),
  /** The entry as text: the hash covers members that this app does not know. */
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
      yield* streamOf(response)
    }),
}

/** A body as a stream. @throws CallProblem `offline` when the connection breaks: a partial export must not be saved. */
export async function* streamOf(response: Response): AsyncGenerator<Uint8Array, void> {
  try {
    yield* readChunks(response)
  } catch (cause) {
    throw localProblem('offline', { cause })
  }
}
