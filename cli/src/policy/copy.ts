/**
 * A store's facts, read from a running OpenFGA and written into one of our own: what is evaluated there is evaluated on equal facts, and the
 * running store is never written to.
 *
 * @module
 */
import { bodyOf, CLAIM_TYPE, type GrantRecord, type PastGrants, readPage, type StoredTuple } from '@mandate/pdp'
import { splitRef } from '@mandate/protocol'
import { z } from 'zod'
import { CommandError, EXIT } from '../exit.ts'
import { jsonBody } from '../pdp/body.ts'

/** An OpenFGA server. */
export interface Server {
  readonly url: string
  readonly apiToken: string | undefined
}

const PAGE = 100
/** OpenFGA's limit of one Write. */
const WRITES = 100
const TIMEOUT_MS = 30_000

const storesSchema = z.object({
  stores: z.array(z.object({ id: z.string(), name: z.string() })),
  continuation_token: z.string(),
})

/** Every tuple of the store that has the name, but for the one that says whose store it is. */
export async function readStore(server: Server, name: string): Promise<readonly StoredTuple[]> {
  const path = `/stores/${await findStore(server, name)}/read`
  const tuples: StoredTuple[] = []
  let continuation_token = ''
  do {
    const page = readPage.parse(
      await answered(await call(server, 'POST', path, { page_size: PAGE, continuation_token })),
    )
    tuples.push(...page.tuples.filter(({ key }) => !key.object.startsWith(`${CLAIM_TYPE}:`)))
    continuation_token = page.continuation_token
  } while (continuation_token)
  return tuples
}

async function findStore(server: Server, name: string): Promise<string> {
  let token = ''
  do {
    const path = `/stores?page_size=${PAGE}${token && `&continuation_token=${encodeURIComponent(token)}`}`
    const page = storesSchema.parse(await answered(await call(server, 'GET', path)))
    const found = page.stores.find((store) => store.name === name)
    if (found) return found.id
    token = page.continuation_token
  } while (token)
  throw new CommandError(EXIT.notFound, `${server.url} has no store ${name}.`, { code: 'store' })
}

/**
 * Writes tuples under the first of the models that allows each.
 *
 * @returns How many none of them allows: whatever is asked under them does not see those.
 */
export async function writeTuples(
  server: Server,
  storeId: string,
  models: readonly string[],
  tuples: readonly StoredTuple[],
): Promise<number> {
  const [model, ...others] = models
  if (model === undefined) return tuples.length
  const refused: StoredTuple[] = []
  for (let start = 0; start < tuples.length; start += WRITES)
    refused.push(...(await writeBatch(server, storeId, model, tuples.slice(start, start + WRITES))))
  return refused.length > 0 ? writeTuples(server, storeId, others, refused) : 0
}

/** A Write is all or nothing: what is refused is halved until the tuples at fault stand alone. */
async function writeBatch(
  server: Server,
  storeId: string,
  model: string,
  tuples: readonly StoredTuple[],
): Promise<readonly StoredTuple[]> {
  const response = await call(server, 'POST', `/stores/${storeId}/write`, {
    authorization_model_id: model,
    writes: { tuple_keys: tuples.map(({ key }) => key) },
  })
  if (response.ok) return []
  if (response.status !== 400) await answered(response)
  if (tuples.length === 1) return tuples
  const middle = Math.ceil(tuples.length / 2)
  const halves = [tuples.slice(0, middle), tuples.slice(middle)]
  const refused = []
  for (const half of halves) refused.push(...(await writeBatch(server, storeId, model, half)))
  return refused
}

/** Grants as the store still knows them: bodies outlive their ends until they are swept. */
export function pastIn(tuples: readonly StoredTuple[]): PastGrants {
  const records = new Map<string, GrantRecord>()
  const of = (tuple: StoredTuple): string => splitRef(tuple.key.object).id
  const never = { revokedAt: undefined, revokedBy: undefined, revokeReason: undefined }
  for (const tuple of tuples)
    if (tuple.key.object.startsWith('grant:') && tuple.key.relation === 'delegator')
      records.set(of(tuple), { ...bodyOf(of(tuple), tuple), ...never })
  for (const tuple of tuples) {
    const body = tuple.key.relation === 'ended' ? records.get(of(tuple)) : undefined
    if (body)
      records.set(body.id, { ...body, revokedAt: Date.parse(String(tuple.key.condition?.context?.['ended_at'])) })
  }
  const newestFirst = [...records.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
  return {
    byId: async (id) => records.get(id),
    byIds: async (ids) => new Map([...records].filter(([id]) => ids.includes(id))),
    since: async () => '',
    between: async (owner, delegate, _within, limit) =>
      newestFirst.filter((grant) => grant.owner === owner && grant.delegate === delegate).slice(0, limit),
  }
}

async function call({ url, apiToken }: Server, method: string, path: string, body?: unknown): Promise<Response> {
  try {
    return await fetch(`${url.replace(/\/+$/u, '')}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(apiToken ? { authorization: `Bearer ${apiToken}` } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (cause) {
    throw new CommandError(EXIT.unreachable, `${url} does not answer.`, { code: 'unreachable', cause })
  }
}

async function answered(response: Response): Promise<unknown> {
  const { origin, pathname } = new URL(response.url)
  if (response.ok) return await jsonBody(response, origin)
  const isRefused = response.status === 401 || response.status === 403
  throw new CommandError(
    isRefused ? EXIT.refused : EXIT.unreachable,
    `${origin} answers ${response.status} at ${pathname}.`,
    isRefused ? { mend: 'Set OPENFGA_API_TOKEN to the key of the OpenFGA.' } : {},
  )
}
