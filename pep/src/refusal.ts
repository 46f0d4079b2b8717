/**
 * Faults and denials as RFC 9457 `application/problem+json`, for any framework. Texts come from tables here and in the protocol,
 * never from an exception's message.
 *
 * @module
 */
import type { Fault, Problem } from '@mandate/protocol'
import { logFault, PROBLEM_HEADERS, problemResponse, withChallenge } from '@mandate/service'
import type { Authz } from './authz.ts'
import { disclosed, type Outcome } from './outcome.ts'

/** The part of pino that is used here. */
export interface PepLogger {
  readonly warn: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** The same logger, whose lines name a request. */
export function ofRequest(logger: PepLogger, requestId: unknown): PepLogger {
  if (typeof requestId !== 'string') return logger
  const named = (fields: object): object => ({ ...fields, request_id: requestId })
  return {
    warn: (fields, message) => logger.warn(named(fields), message),
    error: (fields, message) => logger.error(named(fields), message),
  }
}

/** A complete response that refuses a request; to be sent unchanged. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly problem: Problem
}

/** By the fault's code; logged when the cause is on this side (5xx). `members.retry_after` also becomes `Retry-After`. */
export function refusalOfFault(fault: Fault, logger?: PepLogger): Refusal {
  if (logger) logFault(logger, fault)
  return problemResponse(fault)
}

/** What a 401 says about how to get a token. */
export interface Challenge {
  readonly realm: string
  /** Scopes that a client should ask for, separated by spaces (RFC 6750, section 3). */
  readonly scope?: string | undefined
  /** Address of the protected resource's metadata (RFC 9728, section 5.1). */
  readonly resourceMetadata?: string | undefined
}

/** RFC 6750, section 3: no error code for a request that carried no credentials. Only a 401 challenges. */
export function challenged(refusal: Refusal, challenge: Challenge, hasCredentials: boolean): Refusal {
  const { realm, scope, resourceMetadata } = challenge
  const parameters = {
    realm,
    ...(hasCredentials ? { error: 'invalid_token' } : {}),
    ...(scope === undefined ? {} : { scope }),
    ...(resourceMetadata === undefined ? {} : { resource_metadata: resourceMetadata }),
  }
  const list = Object.entries(parameters).map(([name, value]) => `${name}=${quoted(value)}`)
  return withChallenge(refusal, `Bearer ${list.join(', ')}`)
}

/** A quoted-string (RFC 9110, section 5.6.4). */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/gu, String.raw`\$&`)}"`
}

/** Makes the response to a denial: 403 with reason code, text for people, chain and evaluation id. */
export function refusalOfDenial(outcome: Outcome, authz: Authz): Refusal {
  const { reason, reason_user, reasons, chain, evaluation_id } = disclosed(outcome, authz)
  return {
    status: 403,
    headers: { ...PROBLEM_HEADERS, ...(evaluation_id === undefined ? {} : { 'X-Evaluation-ID': evaluation_id }) },
    problem: {
      type: `urn:mandate:reason:${reason}`,
      title: 'This was not permitted.',
      status: 403,
      ...(reason_user === undefined ? {} : { detail: reason_user, reason_user }),
      code: reason,
      reasons,
      chain,
      ...(evaluation_id === undefined ? {} : { evaluation_id }),
    },
  }
}
