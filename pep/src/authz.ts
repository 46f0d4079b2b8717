/**
 * `req.authz`: the identity read from a verified token, and the decisions about it, for any framework.
 *
 * @module
 */
import { type EpochSeconds, Fault } from '@mandate/protocol'
import type { Outcome } from './outcome.ts'
import type { Subject } from './subject.ts'

/** Subject (whose authority is used) and actor (rules A2 and A7), from the token, never from body or query. */
export interface Identity {
  readonly subject: Subject
  /** Absent when the subject acts without an actor: a person at an interactive client, or an agent on its own schedule. */
  readonly actor?: Subject
  /** The client that the token was issued to. */
  readonly azp: string
  /** The token's scopes. They narrow nothing here: what is permitted is the PDP's to say. */
  readonly scopes?: readonly string[]
  /** The session at the identity provider; service tokens have none. */
  readonly sid?: string
  /** When the token was issued. */
  readonly issuedAt?: EpochSeconds
  /** `exp` of the token, in seconds since the epoch. */
  readonly expiresAt: EpochSeconds
}

/** `req.authz`: who asks, from the verified token, and what was decided about the request. */
export interface Authz extends Identity {
  /** Whether a person acts at an interactive client; only then administration is allowed (rule A6). */
  readonly inPerson: boolean
  /** `title/circle` asked for by the header `Mandate-Persona`; the PDP believes it only if it is held and usable. */
  readonly persona?: string
  /** `X-Request-ID` of the caller, or a fresh one; sent on to the PDP. */
  readonly requestId: string
  /** The caller's `traceparent` when it is well-formed (W3C Trace Context); sent on to the PDP. */
  readonly traceparent?: string
  /** The caller's `tracestate` when both headers are well-formed, cut at entries to 512 characters; sent on to the PDP. */
  readonly tracestate?: string
  /** Set by `enforce`: the permit. */
  readonly outcome?: Outcome
  /** Set by `enforceEach`: one outcome a resource, in the order asked, permits and denials mixed. */
  readonly items?: readonly Outcome[]
  /** Set by `filter`: the resources that the subject may see. */
  readonly found?: Found
  /** Deadline of the caller, as an instant of `performance.now()`; absent without `Mandate-Timeout-Ms`. */
  readonly deadline?: number
}

/** Resources of one type that the PDP permits, in its order. */
export interface Found {
  readonly ids: readonly string[]
  /** Opaque token of the next page, when there are more results. */
  readonly next?: string
}

declare global {
  // Express's global namespace: it is empty where Express is not used.
  namespace Express {
    interface Request {
      authz?: Authz
    }
  }
}

/**
 * The caller of an authenticated route.
 *
 * @param req - What carries `authz`: a request of Express, Fastify or NestJS, or what `pep.decide` returned.
 * @throws Fault `unauthenticated` when `authenticate()` did not run before.
 */
export function authzOf(req: object): Authz {
  const authz = knownCaller(req)
  if (authz) return authz
  throw new Fault('unauthenticated', 'authenticate() did not run on this route')
}

/** The caller, if the request was authenticated. */
export function knownCaller(req: object): Authz | undefined {
  return (req as { readonly authz?: Authz | null }).authz ?? undefined
}

/** The permit of `enforce`. @throws Fault `internal` when no `enforce` ran on this route. */
export function permitOf(req: object): Outcome {
  return authzOf(req).outcome ?? missing('enforce')
}

/** The outcomes of `enforceEach`, in the order asked. @throws Fault `internal` when no `enforceEach` ran on this route. */
export function itemsOf(req: object): readonly Outcome[] {
  return authzOf(req).items ?? missing('enforceEach')
}

/** The result of `filter`. @throws Fault `internal` when no `filter` ran on this route. */
export function foundOf(req: object): Found {
  return authzOf(req).found ?? missing('filter')
}

function missing(guard: string): never {
  throw new Fault('internal', `${guard}() did not run on this route`)
}

/** The token by what was read from it. Apart from it, so that a logged `authz` holds no token. */
const tokens = new WeakMap<Authz, string>()

export function rememberToken(authz: Authz, token: string): Authz {
  tokens.set(authz, token)
  return authz
}

/** The same caller, with what was decided. */
export function withDecision<T extends Partial<Authz>>(authz: Authz, decided: T): Authz & T {
  const next = { ...authz, ...decided }
  const token = tokens.get(authz)
  if (token !== undefined) tokens.set(next, token)
  return next
}

/**
 * The verified access token of the request, for a token exchange. Never store or log it.
 *
 * @throws Fault `unauthenticated` when `authenticate()` did not run before.
 */
export function accessTokenOf(req: object): string {
  const token = tokens.get(authzOf(req))
  if (token !== undefined) return token
  throw new Fault('unauthenticated', 'authenticate() did not run on this route')
}
