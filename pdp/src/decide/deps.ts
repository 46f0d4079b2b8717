/**
 * The ports that a decision needs.
 *
 * @module
 */
import type { InForce } from '../policy/pack.ts'
import type { Clock } from '../ports/clock.ts'
import type { PastGrants } from '../ports/register.ts'
import type { Relations } from '../ports/relations.ts'
import type { Sessions } from '../ports/stores.ts'

/** What deciding needs from outside: facts, past grants, sessions, policies and the time, each by a port. */
export interface DecideDeps {
  /** The policies in force now. */
  readonly policies: () => InForce
  readonly relations: Relations
  readonly past: PastGrants
  readonly clock: Clock
  readonly sessions: Pick<Sessions, 'isEnded'>
}
