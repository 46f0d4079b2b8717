/**
 * Why a call did not succeed, as a value for the window: a code and a text, never an exception's message.
 *
 * @module
 */
import { problemSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { LOCAL_PROBLEMS, ProblemView } from '../shared/views.ts'
import { SignInError, type SignInErrorCode } from './sign-in-error.ts'

type LocalProblem = (typeof LOCAL_PROBLEMS)[number]

const LOCAL_TITLES: Readonly<Record<LocalProblem, string>> = {
  offline: 'The service does not answer.',
  signed_out: 'Sign in first.',
  keystore_unavailable: 'This system has no safe keystore.',
  bad_call: 'The app does not have that operation.',
  unreadable_answer: 'The service’s response cannot be read.',
  failed: 'Something broke in the app.',
}

const SIGN_IN_TITLES: Readonly<Record<SignInErrorCode, string>> = {
  cancelled: 'The sign-in was cancelled.',
  timed_out: 'The sign-in timed out.',
  refused: 'The sign-in was refused.',
  invalid_response: 'The identity provider’s response is not valid.',
  identity_unavailable: 'The identity provider does not answer.',
  clock_wrong: 'This computer’s clock is wrong. Set it, then try again.',
  session_ended: 'The session has ended. Sign in again.',
  audience_missing: 'The sign-in does not cover this service.',
}

interface CallProblemOptions extends ErrorOptions {
  readonly detail?: string | undefined
  readonly field?: string | undefined
  readonly retryAfter?: number | undefined
  readonly cure?: string | undefined
  /** Whether the service was unreachable, so that a cached result may be used. */
  readonly isUnavailable?: boolean
  /** The response body. */
  readonly said?: unknown
}

/** Thrown by handlers. Only `view` leaves the core. */
export class CallProblem extends Error {
  override readonly name = 'CallProblem'
  readonly view: ProblemView
  readonly isUnavailable: boolean
  readonly said: unknown

  constructor(code: string, title: string, options: CallProblemOptions = {}) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause })
    const { detail, field, retryAfter, cure } = options
    this.view = {
      code,
      title,
      ...(detail === undefined ? {} : { detail }),
      ...(field === undefined ? {} : { field }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(cure === undefined ? {} : { cure }),
    }
    this.isUnavailable = options.isUnavailable ?? false
    this.said = options.said
  }
}

export function localProblem(code: LocalProblem, options: CallProblemOptions = {}): CallProblem {
  return new CallProblem(code, LOCAL_TITLES[code], { isUnavailable: code === 'offline', ...options })
}

/** Converts any error to a problem. */
export function problemOf(error: unknown): CallProblem {
  if (error instanceof CallProblem) return error
  if (!(error instanceof SignInError)) return localProblem('failed', { cause: error })
  if (error.code === 'session_ended') return localProblem('signed_out', { cause: error })
  const isUnavailable = error.code === 'identity_unavailable'
  return new CallProblem(error.code, SIGN_IN_TITLES[error.code], { cause: error, isUnavailable })
}

const curesSchema = z.looseObject({ reasons: z.array(z.looseObject({ cure: z.string().optional() })).optional() })

/** The problem of an error response: RFC 9457, or by its status only. */
export function problemOfAnswer(status: number, body: unknown, retryAfter: number | undefined): CallProblem {
  const problem = problemSchema.safeParse(body)
  const isUnavailable = status === 502 || status === 503 || status === 504
  if (problem.success) {
    const { code, title, detail, field } = problem.data
    const cure = curesSchema.safeParse(body).data?.reasons?.find((reason) => reason.cure !== undefined)?.cure
    return new CallProblem(code, title, { detail, field, cure, retryAfter, isUnavailable, said: body })
  }
  return localProblem(isUnavailable ? 'offline' : 'unreadable_answer', { retryAfter })
}
