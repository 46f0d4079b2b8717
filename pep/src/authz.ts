/**
 * `req.authz`: the identity read from a verified token, and the decisions about it.
 *
 * @module
 */
import { type EpochSeconds, Fault } from '@mandate/protocol'
import type { Request } from 'express'
import type { Grant } from 'keycloak-connect'
import type { Outcome } from './outcome.ts'
import type { Subject } from './subject.ts'

/** Subject (whose authority is used) and actor (rules A2 and A7), from the token, never from body or query. */
export interface Identity {
  readonly subject: Subject
  /** Absent when the subject acts without an actor: a person at an interactive client, or an agent on its own schedule. */
  readonly actor?: Subject
  /** The client that the token was issued to. */
  readonly azp: string
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
  namespace Express {
    interface Request {
      authz?: Authz
      /** As keycloak-connect's own middleware would set it; `grant` holds the verified access token. */
      kauth?: { readonly grant: Grant }
    }
  }
}

/**
 * The caller of an authenticated route.
 *
 * @throws Fault `unauthenticated` when `authenticate()` did not run before.
 */
export function authzOf(req: Request): Authz {
  if (req.authz) return req.authz
  throw new Fault('unauthenticated', 'authenticate() did not run on this route')
}

/** The permit of `enforce`. @throws Fault `internal` when no `enforce` ran on this route. */
export function permitOf(req: Request): Outcome {
  return authzOf(req).outcome ?? missing('enforce')
}

/** The outcomes of `enforceEach`, in the order asked. @throws Fault `internal` when no `enforceEach` ran on this route. */
export function itemsOf(req: Request): readonly Outcome[] {
  return authzOf(req).items ?? missing('enforceEach')
}

/** The result of `filter`. @throws Fault `internal` when no `filter` ran on this route. */
export function foundOf(req: Request): Found {
  return authzOf(req).found ?? missing('filter')
}

function missing(guard: string): never {
  throw new Fault('internal', `${guard}() did not run on this route`)
}

/**
 * The verified access token of the request, for a token exchange. Never store or log it.
 *
 * @throws Fault `unauthenticated` when `authenticate()` did not run before.
 */
export function accessTokenOf(req: Request): string {
  const token = req.kauth?.grant.access_token
  if (token && 'token' in token && typeof token.token === 'string') return token.token
  throw new Fault('unauthenticated', 'authenticate() did not run on this route')
}
