/**
 * Bearer tokens to `req.authz`. Rules A2, A4, A7: who asks comes from the verified token, and an actor is never lost on the way.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { Fault, personaNameSchema, refuse } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'
import type { Grant } from 'keycloak-connect'
import type { Authz, Identity } from './authz.ts'
import { answerFault, type PepLogger } from './problem.ts'
import type { Claims, TokenVerifier } from './token.ts'

export interface AuthenticateDeps {
  readonly verifier: TokenVerifier
  readonly makeGrant: (token: string) => Promise<Grant>
  readonly interactiveClients: readonly string[]
  readonly realm: string
  readonly logger?: PepLogger | undefined
}

/** Exactly three non-empty parts of base64url: no white space, no padding, no fourth part. */
const BEARER = /^Bearer (?<token>[\w-]+\.[\w-]+\.[\w-]+)$/iu
const REQUEST_ID = /^[\w.:-]{1,128}$/u

export function authenticateWith(deps: AuthenticateDeps): RequestHandler {
  return async (req, res, next) => {
    try {
      const token = bearerOf(req)
      const identity = identityOf(await deps.verifier.verify(token), deps.interactiveClients)
      req.kauth = { grant: await deps.makeGrant(token) }
      req.authz = authzFrom(req, res, identity)
    } catch (error) {
      if (!(error instanceof Fault)) return next(error)
      if (error.code === 'unauthenticated') challenge(res, deps.realm, req.headers.authorization !== undefined)
      return answerFault(res, error, deps.logger)
    }
    return next()
  }
}

/**
 * Whose authority is used, and who acts (rules A2, A7).
 *
 * A client's own service account is an agent on its own schedule; a person's token from an interactive client is that person; a person's
 * token from any other client is that person through that client, which the PDP must know as an agent.
 */
export function identityOf(claims: Claims, interactiveClients: readonly string[]): Identity {
  const { azp, sid, exp } = claims
  const common = { azp, ...(sid === undefined ? {} : { sid }), expiresAt: exp }
  if (claims.svc !== undefined) return { subject: { type: 'agent', id: azp }, ...common }
  const subject = { type: 'user', id: claims.sub } as const
  if (interactiveClients.includes(azp)) return { subject, ...common }
  return { subject, actor: { type: 'agent', id: azp }, ...common }
}

function authzFrom(req: Request, res: Response, identity: Identity): Authz {
  const requestId = requestIdOf(req)
  res.set('X-Request-ID', requestId)
  const persona = identity.subject.type === 'user' ? personaOf(req) : undefined
  return {
    ...identity,
    inPerson: identity.subject.type === 'user' && identity.actor === undefined,
    requestId,
    ...(persona === undefined ? {} : { persona }),
  }
}

function bearerOf(req: Request): string {
  const headers = req.headersDistinct['authorization'] ?? []
  const token = headers.length === 1 ? BEARER.exec(headers[0] ?? '')?.groups?.['token'] : undefined
  if (token === undefined) throw new Fault('unauthenticated', 'there is no bearer token')
  return token
}

function personaOf(req: Request): string | undefined {
  const header = req.get('Mandate-Persona')
  if (header === undefined) return undefined
  const parsed = personaNameSchema.safeParse(header)
  if (!parsed.success) throw refuse('invalid_request', 'Mandate-Persona must be title/circle, such as traveler/family.')
  return parsed.data
}

function requestIdOf(req: Request): string {
  const header = req.get('X-Request-ID')
  return header !== undefined && REQUEST_ID.test(header) ? header : randomUUID()
}

/** RFC 6750, section 3: no error code for a request that carried no credentials. */
export function challenge(res: Response, realm: string, hasCredentials: boolean): void {
  const error = hasCredentials ? ', error="invalid_token"' : ''
  res.set('WWW-Authenticate', `Bearer realm="${realm}"${error}`)
}
