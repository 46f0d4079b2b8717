/**
 * Summary of who can act for the person now, until when, with a link to stop it. On every screen.
 *
 * @module
 */
import { domainOfScope, minuteOf, useDomains } from '@mandate/ui'
import type { JSX } from 'preact'
import { actsOn } from '../store/domains.tsx'
import { usePeople } from '../store/people.ts'
import { addressOf } from '../store/route.ts'
import { type ActsForMe, useActsFor } from '../store/standing.ts'
import { strings } from '../strings.ts'
import { PartyName } from './words.tsx'

/** Shown in the side bar of wide windows. */
export function Standing(): JSX.Element {
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
            {acting.slice(0, MOST).map((one) => (
              <Acting key={one.party} {...one} />
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

function Acting({ party, until, through, withheld }: ActsForMe): JSX.Element {
  const { nameOf } = usePeople()
  const domains = useDomains()
  const verbs = withheld.map(({ scope, actions }) => actsOn(actions, domainOfScope(scope, domains)))
  return (
    <li>
      <PartyName party={party} />
      <span class="standing-until">
        {strings.until(minuteOf(until))}
        {through !== undefined && `, ${strings.standing.through(nameOf(through) ?? '…')}`}
        {verbs.length > 0 && `, ${strings.standing.butNot(strings.list([...new Set(verbs)]))}`}
      </span>
    </li>
  )
}

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
