/**
 * Identifies the caller from request headers, for any framework (rules A2, A4, A7): subject and actor come from the verified token.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Fault, personaNameSchema, refuse } from '@mandate/protocol'
import { callersDeadline, TIMEOUT_HEADER } from '@mandate/service'
import { type Authz, type Identity, rememberToken } from './authz.ts'
import type { Recognise } from './recognise.ts'
import type { Claims } from './token.ts'
import { readTraceContext } from './trace-context.ts'

/**
 * A request's headers: WHATWG `Headers`, or values by name. From `node:http` give `headersDistinct`, since `headers` keeps only the first of
 * two `Authorization`s, and two are refused.
 */
export type RequestHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

export interface IdentifyDeps {
  readonly recognise: Recognise
  readonly interactiveClients: readonly string[]
  readonly inPersonOnly: boolean
}

export interface Identified {
  readonly authz: Authz
  /** Further members of the request, by the provider's adapter. */
  readonly attached: Readonly<Record<string, unknown>>
}

/** Exactly three non-empty parts of base64url: no white space, no padding, no fourth part. */
const BEARER = /^Bearer (?<token>[\w-]+\.[\w-]+\.[\w-]+)$/iu
const REQUEST_ID = /^[\w.:-]{1,128}$/u

/** How a request is named in logs, and when it arrived (an instant of `performance.now()`): its caller's time counts from there. */
export interface Arrival {
  readonly requestId: string
  readonly arrivedAt: number
}

/** @throws Fault `unauthenticated`, `invalid_request`, `in_person_only` or `identity_unavailable`. */
export async function identify(
  deps: IdentifyDeps,
  headers: RequestHeaders,
  { requestId, arrivedAt }: Arrival,
): Promise<Identified> {
  const token = bearerOf(headers)
  const { claims, attached } = await deps.recognise(token)
  const identity = identityOf(claims, deps.interactiveClients)
  const inPerson = identity.subject.type === 'user' && identity.actor === undefined
  requireInPerson(deps.inPersonOnly, inPerson)
  const persona = identity.subject.type === 'user' ? personaOf(headers, claims.persona) : undefined
  const deadline = callersDeadline(onlyOf(headers, TIMEOUT_HEADER), arrivedAt)
  const trace = readTraceContext(valuesOf(headers, 'traceparent'), valuesOf(headers, 'tracestate'))
  const authz = {
    ...identity,
    inPerson,
    requestId,
    ...(persona === undefined ? {} : { persona }),
    ...(deadline === undefined ? {} : { deadline }),
    ...trace,
  }
  return { authz: rememberToken(authz, token), attached }
}

/** Rule A6. @throws Fault `in_person_only`. */
export function requireInPerson(required: boolean | undefined, inPerson: boolean): void {
  if (required && !inPerson)
    throw new Fault('in_person_only', 'an agent or a service account asks where only persons may')
}

/**
 * Determines subject and actor (rules A2, A7).
 *
 * A client's own service account is an agent on its own schedule. A person's token is that person, through the actor that the token names; where it
 * names none, through its client, unless that is an interactive one. The PDP must know the actor as an agent.
 */
export function identityOf(claims: Claims, interactiveClients: readonly string[]): Identity {
  const { azp, sid, iat, exp, actor, scopes = [] } = claims
  const common = { azp, ...(sid === undefined ? {} : { sid }), issuedAt: iat, expiresAt: exp, scopes }
  if (claims.svc !== undefined) return { subject: { type: 'agent', id: azp }, ...common }
  const subject = { type: 'user', id: claims.sub } as const
  if (actor === undefined && interactiveClients.includes(azp)) return { subject, ...common }
  return { subject, actor: { type: 'agent', id: actor ?? azp }, ...common }
}

/** The caller's `X-Request-ID` when it may be logged, else a new one. */
function requestIdOf(headers: RequestHeaders): string {
  const [header = '', ...others] = valuesOf(headers, 'X-Request-ID')
  return others.length === 0 && REQUEST_ID.test(header) ? header : randomUUID()
}

export function arrivalOf(headers: RequestHeaders): Arrival {
  return { requestId: requestIdOf(headers), arrivedAt: performance.now() }
}

/** Every value of each header of Node's request. A request that a test injects has `rawHeaders` only. */
export function distinctHeaders({ headersDistinct, rawHeaders }: IncomingMessage): RequestHeaders {
  const known: RequestHeaders | undefined = headersDistinct
  if (known !== undefined) return known
  const headers: Record<string, string[]> = {}
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? ''
    headers[name] = [...(headers[name] ?? []), rawHeaders[at + 1] ?? '']
  }
  return headers
}

export function hasCredentials(headers: RequestHeaders): boolean {
  return valuesOf(headers, 'Authorization').length > 0
}

function bearerOf(headers: RequestHeaders): string {
  const [header = '', ...others] = valuesOf(headers, 'Authorization')
  const token = others.length === 0 ? BEARER.exec(header)?.groups?.['token'] : undefined
  if (token === undefined) throw new Fault('unauthenticated', 'there is no bearer token')
  return token
}

/** @param bound - The persona that the token is bound to. */
function personaOf(headers: RequestHeaders, bound: string | undefined): string | undefined {
  const header = onlyOf(headers, 'Mandate-Persona')
  if (header === undefined) return bound
  const persona = checkedPersona(header, 'Mandate-Persona must be title/circle, such as traveler/family.')
  if (bound !== undefined && persona !== bound)
    throw refuse('invalid_request', 'Mandate-Persona names another persona than the access token.')
  return persona
}

/** @throws Fault `invalid_request`. */
export function checkedPersona(persona: string, objection: string): string {
  const parsed = personaNameSchema.safeParse(persona)
  if (!parsed.success) throw refuse('invalid_request', objection)
  return parsed.data
}

/** A header with two values is refused: which of them holds is ambiguous. */
function onlyOf(headers: RequestHeaders, name: string): string | undefined {
  const values = valuesOf(headers, name)
  if (values.length > 1) throw refuse('invalid_request', `${name} stands in the request twice.`)
  return values[0]
}

/** Every value of a header, ignoring case in its name. */
function valuesOf(headers: RequestHeaders, name: string): readonly string[] {
  if (headers instanceof Headers) {
    const value = headers.get(name)
    return value === null ? [] : [value]
  }
  const wanted = name.toLowerCase()
  const values: string[] = []
  for (const [key, value] of Object.entries(headers)) {
    if (value === undefined || key.toLowerCase() !== wanted) continue
    if (typeof value === 'string') values.push(value)
    else values.push(...value)
  }
  return values
}
