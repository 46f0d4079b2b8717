/**
 * HTTP client of the PDP, as the person, service or token that the options choose.
 *
 * @module
 */
import { describeIssues } from '@mandate/auditor/describe-issues'
import { environmentObjection, joinUrl } from '@mandate/protocol'
import type { z } from 'zod'
import type { ConnectionOptions, ServiceOptions } from '../command-line.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { serverUrl } from '../inputs.ts'
import type { Io } from '../io.ts'
import { readSecret } from '../private-input.ts'
import { profileFile } from '../session/profile.ts'
import { jsonBody } from './body.ts'
import { problemOf } from './problem.ts'

const TIMEOUT_MS = 30_000

/** A request to the PDP. */
export interface PdpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path, each segment percent-encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
}

/** The PDP, as one caller. */
export interface Pdp {
  readonly url: string
  /** Sends a request, and parses the JSON of the response. @throws CommandError with the problem, or exit 69 without a response. */
  readonly call: <S extends z.ZodType>(request: PdpRequest, schema: S) => Promise<z.output<S>>
  /** The token that is sent; `undefined` when there is none. */
  readonly token: () => Promise<string | undefined>
  /** The sign-in that the token is of; `undefined` for a token or key from elsewhere. */
  readonly signIn?: SignIn | undefined
}

/** What is known of a kept sign-in. */
export interface SignIn {
  readonly profile: string
  /** The person's own name for it. */
  readonly name: string | undefined
  /** In milliseconds since 1970. */
  readonly since: number | undefined
  readonly idToken: string
}

/** Where the tokens of a caller come from. */
interface TokenSource {
  readonly token: () => Promise<string | undefined>
  readonly signIn?: SignIn
  /** A newer token, for one that was refused; absent when there cannot be one. */
  readonly renew?: (refused: string) => Promise<string>
}

/** Finds the PDP and the caller's token: options first, then the environment, then the sign-in that was kept. */
export async function connect(io: Io, options: ConnectionOptions & ServiceOptions): Promise<Pdp> {
  const objection = environmentObjection(io.environment)
  if (objection !== undefined) throw usageError(objection)
  const url = pdpUrl(io, options)
  const source = await tokenSource(io, options, url)
  return {
    url,
    token: source.token,
    signIn: source.signIn,
    call: async (request, schema) => {
      const response = await answered(url, source, request)
      if (!response.ok) throw await problemOf(response, url)
      const parsed = schema.safeParse(response.status === 204 ? undefined : await jsonBody(response, url))
      if (parsed.success) return parsed.data
      const detail = `${request.path}: ${describeIssues(parsed.error)}`
      const mend = 'Has it another version than this command?'
      throw new CommandError(EXIT.data, 'The response of the PDP is malformed.', { code: 'response', detail, mend })
    },
  }
}

/** As {@link connect}, for commands that a service calls: MANDATE_CLIENT_ID names it, where no option does. */
export async function connectAsService(io: Io, options: ConnectionOptions & ServiceOptions): Promise<Pdp> {
  const named = io.environment['MANDATE_CLIENT_ID']
  const isChosen = options.clientId !== undefined || options.tokenFile !== undefined
  return await connect(io, isChosen || !named ? options : { ...options, clientId: named })
}

/** The address of the PDP: `--pdp`, MANDATE_PDP, or that of the sign-in. */
export function pdpUrl(io: Io, options: ConnectionOptions): string {
  const url = options.pdp ?? (io.environment['MANDATE_PDP'] || profileFile(io, options.profile).read()?.pdp)
  if (url === undefined) {
    const mend = 'Give --pdp URL, set MANDATE_PDP, or sign in: mandate login --pdp URL --issuer URL.'
    throw new CommandError(EXIT.usage, 'Which PDP?', { code: 'usage', mend })
  }
  return serverUrl(url, '--pdp').replace(/\/+$/u, '')
}

async function tokenSource(io: Io, options: ConnectionOptions & ServiceOptions, url: string): Promise<TokenSource> {
  if (options.tokenFile !== undefined) return fixed(await readSecret(options.tokenFile))
  if (options.clientId !== undefined) return await serviceSource(io, options)
  const given = io.environment['MANDATE_TOKEN']
  if (given) return fixed(given)
  const file = profileFile(io, options.profile)
  const kept = file.read()
  if (kept === undefined) {
    const { signedOut } = await import('../session/tokens.ts')
    throw signedOut(file.name)
  }
  if (kept.pdp !== url) {
    const mend = `Sign in for it: mandate login --pdp ${url}. Or use another --profile.`
    throw new CommandError(EXIT.refused, `You are signed in for ${kept.pdp}, not for ${url}.`, {
      code: 'other_pdp',
      mend,
    })
  }
  return {
    signIn: { profile: file.name, name: kept.name, since: kept.signedInAt, idToken: kept.idToken },
    token: async () => (await import('../session/tokens.ts')).accessToken(file),
    renew: async (refused) => (await import('../session/tokens.ts')).renewedToken(file, refused),
  }
}

const fixed = (token: string): TokenSource => ({ token: async () => token })

async function serviceSource(io: Io, options: ConnectionOptions & ServiceOptions): Promise<TokenSource> {
  const { serviceToken } = await import('../session/service-token.ts')
  const token = await serviceToken(io, options)
  return fixed(token)
}

async function answered(url: string, { token, renew }: TokenSource, request: PdpRequest): Promise<Response> {
  const sent = await token()
  const response = await send(url, sent, request)
  if (response.status !== 401 || sent === undefined || renew === undefined) return response
  await response.body?.cancel()
  return await send(url, await renew(sent), request)
}

async function send(url: string, token: string | undefined, request: PdpRequest): Promise<Response> {
  const { method = 'GET', path, query = {}, body } = request
  const target = new URL(joinUrl(url, path))
  for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, value)
  const headers = {
    accept: 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    return await fetch(target, { method, headers, redirect: 'error', signal, ...content })
  } catch (cause) {
    const mend = 'Is the PDP running, and is this its address?'
    throw new CommandError(EXIT.unreachable, `${url} does not answer.`, { code: 'unreachable', mend, cause })
  }
}
