/**
 * Dependencies and helpers shared by the administration routes.
 *
 * @module
 */
import { refuse } from '@mandate/protocol'
import type { PolicyJudge } from '../../decide/compare-policies.ts'
import type { InvitationDeps } from '../../pap/invitations.ts'
import type { PolicyControl } from '../../pap/policies.ts'
import type { InForce } from '../../policy/pack.ts'
import type { EntryIndex } from '../../ports/log.ts'
import type { Lookups } from '../../ports/lookups.ts'
import type { Answers } from '../../ports/stores.ts'
import type { PageTokens } from '../page-tokens.ts'
import type { Pseudonymizer } from '../pseudonymizer.ts'
import type { OpenStreams } from '../streams.ts'

export interface PapRouteDeps extends InvitationDeps {
  readonly pseudonymizer: Pseudonymizer
  readonly policyControl: PolicyControl
  /** Decides by a version of the policies as of an instant, on the present facts. */
  readonly judgeBy: (policies: InForce) => PolicyJudge
  readonly answers: Answers
  readonly index: EntryIndex
  readonly tokens: PageTokens
  readonly streams: OpenStreams
  readonly lookups: Lookups
  /** Resource types of the domain services, by client id. */
  readonly services: ReadonlyMap<string, readonly string[]>
}

/**
 * Rejects names and ids that are a person's sub in any spelling, because they would be stored in the log and in the relationship store. 409, since
 * the request is well-formed, and the conflict is with a known person. @param texts - By member name.
 */
export async function refuseSubs(
  pseudonymizer: Pseudonymizer,
  texts: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const [name, text] of Object.entries(texts))
    if (text !== undefined && (await pseudonymizer.isSub(text)))
      throw refuse('conflict', `${name}: is the identifier of a person; choose a name that identifies no person.`)
}

export const instant = (millis: number): string => new Date(millis).toISOString()
export const millis = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text)
