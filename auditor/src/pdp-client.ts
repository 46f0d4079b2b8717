/**
 * HTTP client of the command line for a PDP.
 *
 * @module
 */
import { z } from 'zod'
import { EXIT, SourceError } from './source-error.ts'

const TIMEOUT_MS = 30_000

/** Base URL of a PDP without `/v1`, and the bearer token to send. */
export interface PdpServer {
  readonly base: string
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
  /** Ends the request, in place of the default timeout of 30 s. For streams. */
  readonly signal?: AbortSignal
}

/**
 * Sends a GET request.
 *
 * @throws SourceError when the PDP is unreachable or responds with an error; its message has the problem's title and detail (RFC 9457).
 */
export async function requestPdp(
  { base, token }: PdpServer,
  path: string,
  options: PdpRequestOptions = {},
): Promise<Response> {
  const url = new URL(`${base.replace(/\/+$/u, '')}${path}`)
  const { accept = 'application/json', signal = AbortSignal.timeout(TIMEOUT_MS) } = options
  const headers = { ...options.headers, accept, ...(token ? { authorization: `Bearer ${token}` } : {}) }
  let response: Response
  try {
    response = await fetch(url, { headers, redirect: 'error', signal })
  } catch (error) {
    throw new SourceError(EXIT.unreachable, `${url.origin} does not answer`, { cause: error })
  }
  if (response.ok) return response
  const { title = '', detail = '' } = z
    .object({ title: z.string(), detail: z.string() })
    .partial()
    .catch({})
    .parse(await response.json().catch(() => undefined))
  const exit = EXIT_BY_STATUS[response.status] ?? EXIT.unreachable
  throw new SourceError(
    exit,
    [`${url.origin} responded with status ${response.status}.`, title, detail].filter(Boolean).join(' '),
  )
}
