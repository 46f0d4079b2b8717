/**
 * Bounds the number of live grants at one seat.
 *
 * @module
 */
import { type EpochMillis, refuse } from '@mandate/protocol'
import type { GrantBody } from '../ports/grants.ts'
import type { Register } from '../ports/register.ts'
import type { Exchanged } from '../ports/stores.ts'

/** Most live grants of one delegator to one delegate on one scope. */
const LIVE_BETWEEN = 40
/** Most live redelegated grants of all delegators to one delegate on one scope. */
const LIVE_PASSED_ON = 48
/** Every decision reads all grants at the delegate's seat, so their number per scope is bounded. @throws Fault `conflict` */
export async function requireRoom(
  register: Pick<Register, 'unsweptAt'>,
  grant: GrantBody,
  exchanged: readonly Exchanged[],
  now: EpochMillis,
): Promise<void> {
  const going = new Set(exchanged.map(({ from }) => from.id))
  const unswept = await register.unsweptAt(grant.scope, grant.delegate, { pending: true })
  const live = unswept.filter(({ id, expiresAt }) => expiresAt > now && !going.has(id))
  const own = live.filter(({ delegator }) => delegator === grant.delegator).length
  if (own >= LIVE_BETWEEN) throw tooMany(`you have given this delegate ${LIVE_BETWEEN} live grants on it`, LIVE_BETWEEN)
  const passedOn = live.filter(({ parent }) => parent !== undefined).length
  if (grant.parent !== undefined && passedOn >= LIVE_PASSED_ON)
    throw tooMany(`${LIVE_PASSED_ON} live grants on it were passed on to this delegate`, LIVE_PASSED_ON)
}

const tooMany = (what: string, bound: number) =>
  refuse('conflict', `scope: ${what}, which is the most. Revoke or replace one of them.`, { bound })
