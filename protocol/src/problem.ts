/**
 * Problems: the closed list of error codes with their HTTP statuses, and their format on the wire (RFC 9457). A denial is not a problem: it is a
 * decision with a reason.
 *
 * @module
 */
import { z } from 'zod'

/** HTTP status and title by problem code. Clients must depend on the code only: titles may be reworded. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is malformed.' },
  unauthenticated: { status: 401, title: 'Sign in first: a valid access token is needed.' },
  forbidden: { status: 403, title: 'The caller may not make this request.' },
  in_person_only: { status: 403, title: 'Only the person themself may do this, signed in at an interactive client.' },
  not_owner: { status: 403, title: 'Only the owner may give this, in the persona it was created under.' },
  grant_not_redelegable: { status: 403, title: 'This grant may not be passed on.' },
  grant_persona: { status: 403, title: 'This grant must be used in another persona.' },
  grant_widened: { status: 403, title: 'A grant may not give more than the grant it comes from.' },
  chain_depth: { status: 403, title: 'The chain would become too long.' },
  not_found: { status: 404, title: 'Not found.' },
  delegate_unknown: { status: 404, title: 'The delegate is not known.' },
  grant_unknown: { status: 404, title: 'There is no such grant.' },
  invitation_unknown: { status: 404, title: 'There is no such invitation.' },
  method_not_allowed: { status: 405, title: 'The method is not allowed for this resource.' },
  grant_exists: { status: 409, title: 'The same grant is already live.' },
  chain_cycle: { status: 409, title: 'The delegate is already in this chain.' },
  conflict: { status: 409, title: 'This cannot be done in the present state.' },
  legal_hold: { status: 409, title: 'A legal hold prevents this.' },
  precondition_failed: { status: 412, title: 'It has changed since you read it.' },
  payload_too_large: { status: 413, title: 'The request is too large.' },
  grant_invalid: { status: 422, title: 'The grant is refused.' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key was used for another request.' },
  policy_invalid: { status: 422, title: 'The policy cannot be loaded. The previous policy stays in force.' },
  persona_invalid: { status: 422, title: 'The persona is refused.' },
  precondition_required: { status: 428, title: 'The If-Match header is required.' },
  too_many_requests: { status: 429, title: 'Too many requests. Slow down.' },
  internal: { status: 500, title: 'Internal error.' },
  relations_unavailable: { status: 503, title: 'The relationship store does not answer. Nothing was permitted.' },
  log_unavailable: { status: 503, title: 'The decision log cannot be written. Nothing was permitted.' },
  index_unavailable: { status: 503, title: 'The index of the decision log does not answer.' },
  clock_unavailable: { status: 503, title: "The machine's clock is not reliable. Nothing was permitted." },
  identity_unavailable: { status: 503, title: 'The identity provider does not answer.' },
  decision_unavailable: { status: 503, title: 'No decision could be obtained. Nothing was done.' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>

/** A key of {@link PROBLEMS}. */
export type ProblemCode = keyof typeof PROBLEMS

/** Body of every non-2xx response: `application/problem+json` (RFC 9457) with the extension members `code`, `field` and `request_id`. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('`urn:mandate:problem:<code>`.'),
    title: z.string(),
    status: z.int(),
    detail: z
      .string()
      .optional()
      .describe('What is wrong with this request; names the invalid member, if there is one.'),
    code: z.string().describe('Machine-readable code, from a closed list.'),
    field: z.string().optional().describe('The member that a 422 is about.'),
    request_id: z.string().optional().describe('Same value as the `X-Request-ID` header.'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' })
/** A parsed {@link problemSchema}. */
export type Problem = z.infer<typeof problemSchema>

/**
 * Builds a problem (RFC 9457) from its code.
 *
 * @param detail - Text for the caller. Never an exception's message.
 * @param members - Extension members.
 */
export function problemOf(code: ProblemCode, detail?: string, members?: Readonly<Record<string, unknown>>): Problem {
  const { status, title } = PROBLEMS[code]
  return { type: `urn:mandate:problem:${code}`, title, status, code, ...(detail ? { detail } : {}), ...members }
}

/**
 * An error with a problem code: the system could not decide, or refuses a request. The HTTP layer maps it to a problem (RFC 9457). `message` is for
 * operators and never leaves the process; `detail` and `members` are for the caller.
 */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: ProblemCode
  readonly detail: string | undefined
  readonly members: Readonly<Record<string, unknown>> | undefined

  constructor(
    code: ProblemCode,
    message: string,
    options: ErrorOptions & { readonly detail?: string; readonly members?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.detail = options.detail
    this.members = options.members
  }
}

/** Creates a {@link Fault} whose text is for both operator (`message`) and caller (`detail`). The caller of this function throws it. */
export function refuse(code: ProblemCode, detail: string, members?: Readonly<Record<string, unknown>>): Fault {
  return new Fault(code, detail, { detail, ...(members ? { members } : {}) })
}
