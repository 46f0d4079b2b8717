/**
 * Summary of who can act for the person now, until when, with a link to stop it. On every screen.
 *
 * @module
 */
import type { EpochMillis, Grant } from '@mandate/protocol'
import { minuteOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useCall } from '../store/hooks.tsx'
import { usePeople } from '../store/people.ts'
import { addressOf } from '../store/route.ts'
import { strings } from '../strings.ts'
import { PartyName } from './words.tsx'

interface ActsForMe {
  readonly party: string
  /** Latest end among their grants. */
  readonly until: string
  /** The delegator, when it is not the person. */
  readonly through: string | undefined
}

/** Each delegate of a live grant that the person owns or gave, once. */
export function actsFor(me: string, grants: readonly Grant[], now: EpochMillis): readonly ActsForMe[] {
  const found = new Map<string, ActsForMe>()
  for (const { status, owner, delegator, delegate, expires_at: until } of grants) {
    if (status !== 'live' || Date.parse(until) <= now || delegate === me || (owner !== me && delegator !== me)) continue
    const before = found.get(delegate)
    if (before && Date.parse(before.until) >= Date.parse(until)) continue
    found.set(delegate, { party: delegate, until, through: delegator === me ? undefined : delegator })
  }
  return [...found.values()].sort((one, other) => Date.parse(one.until) - Date.parse(other.until))
}

function useActsFor(): readonly ActsForMe[] | 'loading' | 'unknown' {
  const { me } = usePeople()
  const grants = useCall('grants.list')
  const now = useNextEnd(grants.state === 'there' ? grants.value.items : [])
  if (grants.state === 'loading') return 'loading'
  return grants.state === 'failed' ? 'unknown' : actsFor(me, grants.value.items, now)
}

/** Longest delay of a timer, in milliseconds. */
const MOST_MS = 2 ** 31 - 1

/** The time, renewed when the next grant expires: no entry of the log reports that. */
function useNextEnd(grants: readonly Grant[]): EpochMillis {
  const [now, setNow] = useState(() => Date.now())
  const next = Math.min(...grants.map(({ expires_at: until }) => Date.parse(until)).filter((end) => end > now))
  useEffect(() => {
    if (next === Number.POSITIVE_INFINITY) return
    const timer = setTimeout(() => setNow(Date.now()), Math.min(Math.max(next - Date.now() + 1, 0), MOST_MS))
    return () => clearTimeout(timer)
  }, [next, now])
  return now
}

/** Shown in the side bar of wide windows. */
export function Standing(): JSX.Element {
  const { nameOf } = usePeople()
  const acting = useActsFor()
  return (
    <section class="standing" aria-label={strings.standing.title}>
      <h2>{strings.standing.title}</h2>
      {acting === 'loading' && <p class="aside">{strings.standing.loading}</p>}
      {acting === 'unknown' && <p class="aside">{strings.standing.unknown}</p>}
      {typeof acting !== 'string' && acting.length === 0 && <p class="aside">{strings.standing.nobody}</p>}
      {typeof acting !== 'string' && acting.length > 0 && (
        <>
          <ul>
            {acting.slice(0, MOST).map(({ party, until, through }) => (
              <li key={party}>
                <PartyName party={party} />
                <span class="standing-until">
                  {strings.until(minuteOf(until))}
                  {through !== undefined && `, ${strings.standing.through(nameOf(through) ?? '…')}`}
                </span>
              </li>
            ))}
          </ul>
          <a href={addressOf('sharing')}>
            {acting.length > MOST ? `${strings.standing.count(acting.length)}. ` : ''}
            {strings.standing.review}
          </a>
        </>
      )}
    </section>
  )
}

const MOST = 4

/** Shown above the screen in narrow windows. */
export function StandingLine(): JSX.Element {
  const acting = useActsFor()
  if (typeof acting === 'string') {
    return <p class="standing-line">{acting === 'loading' ? strings.standing.loading : strings.standing.unknown}</p>
  }
  if (acting.length === 0) return <p class="standing-line">{strings.standing.nobody}</p>
  return (
    <p class="standing-line">
      {strings.standing.count(acting.length)}. <a href={addressOf('sharing')}>{strings.standing.review}</a>
    </p>
  )
}
