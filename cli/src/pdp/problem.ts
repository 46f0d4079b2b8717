/**
 * Errors of the PDP (RFC 9457), with an exit code and what to do about them.
 *
 * @module
 */
import { type ProblemCode, problemSchema } from '@mandate/protocol'
import { CommandError, EXIT, type ExitCode } from '../exit.ts'
import { jsonBody } from './body.ts'

const EXITS: Readonly<Record<number, ExitCode>> = {
  400: EXIT.data,
  401: EXIT.refused,
  403: EXIT.refused,
  404: EXIT.notFound,
  409: EXIT.data,
  412: EXIT.data,
  413: EXIT.data,
  422: EXIT.data,
}

const MENDS: Readonly<Partial<Record<ProblemCode, string>>> = {
  unauthenticated: 'Sign in again: mandate login.',
  forbidden: 'See who you are, and your roles: mandate whoami.',
  in_person_only: 'Use your own sign-in (mandate login), not the token of a service, an agent or an API key.',
  not_owner: 'See your personas: mandate persona list. Choose one with --persona.',
  grant_not_redelegable: 'Ask the giver for a grant with --redelegations 1 or more.',
  grant_persona: 'See which persona the grant asks for: mandate grant show ID.',
  grant_widened: 'See what the parent gives: mandate grant show ID.',
  delegate_unknown: 'An agent is registered by an operator (mandate agent add ID). A person first needs a persona.',
  grant_unknown: 'List your grants: mandate grant list --ended.',
  grant_exists: 'List your grants: mandate grant list.',
  persona_invalid: 'See the titles of each domain: mandate persona titles.',
  too_many_requests: 'Wait a moment, then try again.',
  relations_unavailable: 'Nothing was changed. Ask an operator: the runbook has a section on this.',
  log_unavailable: 'Nothing was changed. Ask an operator: the runbook has a section on this.',
  identity_unavailable: 'Is the identity provider running? Try again later.',
}

/** Reads the error of a response. */
export async function problemOf(response: Response, origin: string): Promise<CommandError> {
  const parsed = problemSchema.safeParse(await jsonBody(response, origin))
  const exit = EXITS[response.status] ?? EXIT.unreachable
  if (!parsed.success) {
    const mend = 'Is this the address of a PDP?'
    return new CommandError(exit, `${origin} responded with status ${response.status}.`, { code: 'response', mend })
  }
  const { title, detail, code, ...members } = parsed.data
  const mend = new Map<string, string>(Object.entries(MENDS)).get(code)
  return new CommandError(exit, title, { detail, code, members, mend })
}
