/**
 * HTTP client of the command line for one PDP, or several that share one index.
 *
 * @module
 */
import { z } from 'zod'
import { EXIT, SourceError } from './source-error.ts'

const TIMEOUT_MS = 30_000

/** Base URLs of the PDPs without `/v1`, at least one, and the bearer token to send. */
export interface PdpServer {
  readonly bases: readonly string[]
  readonly token: string | undefined
}

const EXIT_BY_STATUS: Readonly<Record<number, number>> = {
  400: EXIT.usage,
  401: EXIT.refused,
  403: EXIT.refused,
  404: EXIT.notFound,
  409: EXIT.data,
}

/** Options of {@link requestPdp}. */
export interface PdpRequestOptions {
  /** @default 'application/json' */
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Ends the request, in place of the default timeout of 30 s for each PDP. For streams. */
  readonly signal?: AbortSignal
  /** Only the PDP that writes the entry's log can answer: 409 of one PDP means that another one is to be asked. */
  readonly isOfLog?: boolean
}

/** An answer that another PDP may give better: unavailable, or not the one that writes the log. */
const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504])
const OTHER_LOG = 409

/**
 * Sends a GET request to the PDPs in the order given, until one answers. A PDP that is unreachable or unavailable is passed over.
 *
 * @throws SourceError when the PDPs are unreachable or respond with an error; its message has the problem's title and detail (RFC 9457).
 */
export async function requestPdp(
  { bases, token }: PdpServer,
  path: string,
  options: PdpRequestOptions = {},
): Promise<Response> {
  let unavailable: SourceError | undefined
  let ofOtherLog: SourceError | undefined
  for (const base of bases) {
    const response = await send(new URL(`${base.replace(/\/+$/u, '')}${path}`), token, options)
    if (response instanceof SourceError) unavailable = response
    else if (response.ok) return response
    else {
      const error = await errorOf(base, response)
      if (UNAVAILABLE.has(response.status)) unavailable = error
      else if (options.isOfLog && response.status === OTHER_LOG) ofOtherLog = error
      else throw error
    }
    if (options.signal?.aborted) break
  }
  // An unavailable PDP may be the one that writes the log.
  if (unavailable) throw unavailable
  throw ofOtherLog === undefined
    ? new TypeError('there must be at least one PDP')
    : new SourceError(ofOtherLog.exit, `${ofOtherLog.message} Give --url once for each PDP.`)
}

/** Sends one request. Returns an error when there is no answer. */
async function send(url: URL, token: string | undefined, options: PdpRequestOptions): Promise<Response | SourceError> {
  const { accept = 'application/json', signal = AbortSignal.timeout(TIMEOUT_MS) } = options
  const headers = { ...options.headers, accept, ...(token ? { authorization: `Bearer ${token}` } : {}) }
  try {
    return await fetch(url, { headers, redirect: 'error', signal })
  } catch (error) {
    return new SourceError(EXIT.unreachable, `${url.origin} does not answer`, { cause: error })
  }
}

async function errorOf(base: string, response: Response): Promise<SourceError> {
  const { title = '', detail = '' } = z
    .object({ title: z.string(), detail: z.string() })
    .partial()
    .catch({})
    .parse(await response.json().catch(() => undefined))
  const exit = EXIT_BY_STATUS[response.status] ?? EXIT.unreachable
  const { origin } = new URL(base)
  return new SourceError(
    exit,
    [`${origin} responded with status ${response.status}.`, title, detail].filter(Boolean).join(' '),
  )
}
