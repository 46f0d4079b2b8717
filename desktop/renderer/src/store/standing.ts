/**
 * Who can act for the person now: the delegates of live grants, as far as the PDP does not withhold what the grants give.
 *
 * @module
 */
import type { EpochMillis, Grant, Persona } from '@mandate/protocol'
import { useEffect, useState } from 'preact/hooks'
import { useCall } from './hooks.tsx'
import { usePeople } from './people.ts'

export interface ActsForMe {
  readonly party: string
  /** Latest end among their grants. */
  readonly until: string
  /** The delegator, when it is not the person. */
  readonly through: string | undefined
  /** Actions that they were given and cannot use now, with the scope of their grant. */
  readonly withheld: readonly { readonly scope: string; readonly actions: readonly string[] }[]
}

/** Actions of a live grant that can be used now. */
export function usableActions({ actions, withheld = [] }: Pick<Grant, 'actions' | 'withheld'>): readonly string[] {
  return actions.filter((action) => !withheld.some((one) => one.actions.includes(action)))
}

/** Each delegate of a live grant that the person owns or gave and of which some action can be used now, once; the first to end comes first. */
export function actsFor(me: string, grants: readonly Grant[], now: EpochMillis): readonly ActsForMe[] {
  const found = new Map<string, ActsForMe>()
  for (const grant of grants) {
    const { status, owner, delegator, delegate, scope, expires_at: until } = grant
    if (status !== 'live' || Date.parse(until) <= now || delegate === me || (owner !== me && delegator !== me)) continue
    const usable = usableActions(grant)
    if (usable.length === 0) continue
    const actions = grant.actions.filter((action) => !usable.includes(action))
    const before = found.get(delegate)
    const withheld = [...(before?.withheld ?? []), ...(actions.length > 0 ? [{ scope, actions }] : [])]
    const isLater = !before || Date.parse(before.until) < Date.parse(until)
    const last = isLater ? { until, through: delegator === me ? undefined : delegator } : before
    found.set(delegate, { party: delegate, until: last.until, through: last.through, withheld })
  }
  return [...found.values()].sort((one, other) => Date.parse(one.until) - Date.parse(other.until))
}

/** The next instant at which a grant expires or a persona of the person begins or ends: no entry of the log reports that. */
export function nextChange(
  grants: readonly Grant[],
  personas: readonly Pick<Persona, 'valid_from' | 'valid_till'>[],
  now: EpochMillis,
): EpochMillis {
  const instants = [
    ...grants.map(({ expires_at: until }) => until),
    ...personas.flatMap(({ valid_from: from, valid_till: till }) => [from, till]),
  ]
  return Math.min(...instants.map((instant) => Date.parse(instant)).filter((instant) => instant > now))
}

export function useActsFor(): readonly ActsForMe[] | 'loading' | 'unknown' {
  const { me } = usePeople()
  const grants = useCall('grants.list')
  const personas = useCall('personas.list')
  const items = grants.state === 'there' ? grants.value.items : []
  const now = useNextChange(items, personas.state === 'there' ? personas.value.items : [], () => {
    if (grants.state === 'there') grants.again()
  })
  if (grants.state === 'loading') return 'loading'
  return grants.state === 'failed' ? 'unknown' : actsFor(me, items, now)
}

/** Longest delay of a timer, in milliseconds. */
const MOST_MS = 2 ** 31 - 1

/** The time, renewed at each {@link nextChange}. @param onChange - Called then. */
function useNextChange(grants: readonly Grant[], personas: readonly Persona[], onChange: () => void): EpochMillis {
  const [now, setNow] = useState(() => Date.now())
  const next = nextChange(grants, personas, now)
  useEffect(() => {
    if (next === Number.POSITIVE_INFINITY) return
    const look = (): void => {
      setNow(Date.now())
      if (next <= Date.now()) onChange()
    }
    const timer = setTimeout(look, Math.min(Math.max(next - Date.now() + 1, 0), MOST_MS))
    return () => clearTimeout(timer)
  }, [next, now])
  return now
}
