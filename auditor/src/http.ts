/**
 * A PDP over HTTP, as an auditor's command line asks it; and what became of a command, as an exit code.
 *
 * @module
 */
import { z } from 'zod'

const TIMEOUT_MS = 30_000

/** Exit codes after sysexits.h. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  data: 65,
  notFound: 66,
  unreachable: 69,
  internal: 70,
  refused: 77,
} as const

/** Why a source gave nothing. `exit` is the process's exit code. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly exit: number

  constructor(exit: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exit = exit
  }
}

/** Where a PDP is, without `/v1`, and the token that is sent as it is. */
export interface Server {
  readonly base: string
  readonly token: string | undefined
}

const STATUS_EXITS: Readonly<Record<number, number>> = {
  400: EXIT.usage,
  401: EXIT.refused,
  403: EXIT.refused,
  404: EXIT.notFound,
  409: EXIT.data,
}

export interface AskOptions {
  readonly accept?: string
  readonly headers?: Readonly<Record<string, string>>
  /** For answers that do not end: without it they end after 30 s. */
  readonly signal?: AbortSignal
}

/** @throws SourceError when it does not answer, or says no. */
export async function ask({ base, token }: Server, path: string, options: AskOptions = {}): Promise<Response> {
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
  const exit = STATUS_EXITS[response.status] ?? EXIT.unreachable
  throw new SourceError(exit, [`${url.origin} answers ${response.status}.`, title, detail].filter(Boolean).join(' '))
}
