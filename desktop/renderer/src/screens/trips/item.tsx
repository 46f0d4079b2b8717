/**
 * One item of a trip: details, outcome with reasons, actions.
 *
 * @module
 */
import { ChainPicture, Glyph } from '@mandate/ui'
import type { JSX } from 'preact'
import type { Item, Trip } from '../../../../src/shared/views.ts'
import { Menu } from '../../parts/menu.tsx'
import { Money, ReasonLine, Time } from '../../parts/words.tsx'
import { linksOf } from '../../store/chain.ts'
import { useCall, useOnline } from '../../store/hooks.tsx'
import { usePeople, useThings } from '../../store/people.ts'
import { addressOf } from '../../store/route.ts'
import { strings } from '../../strings.ts'
import { type Outcome, ofAttempt } from './outcome.ts'

const TEXTS = strings.item

interface ItemRowProps {
  readonly item: Item
  readonly trip: Trip
  /** Outcome to show; absent: that of the last attempt. */
  readonly outcome: Outcome | undefined
  readonly onBook: () => void
  readonly onMove: () => void
}

export function ItemRow({ item, trip, outcome, onBook, onMove }: ItemRowProps): JSX.Element {
  const isOnline = useOnline()
  const name = strings.capital(item.name)
  const { last_attempt: attempt } = item
  const shown = outcome ?? (attempt ? ofAttempt(attempt) : undefined)
  return (
    <li class="item">
      <div class="item-top">
        <h3 class="item-name">{name}</h3>
        <span class={`item-status item-${item.status}`}>{TEXTS.status[item.status] ?? item.status}</span>
        <Menu
          label={TEXTS.more}
          spoken={TEXTS.actions(name)}
          isOff={!isOnline}
          look="button quiet"
          items={[
            { id: 'book', label: TEXTS.book, onChoose: onBook },
            { id: 'move', label: TEXTS.move, onChoose: onMove },
          ]}
        />
      </div>
      <p class="item-about">
        <Time at={item.starts_at} />
        <Money {...item.planned_price} />
        <span>{TEXTS.risk(item.risk)}</span>
      </p>
      {shown && <OutcomeLine outcome={shown} trip={trip} by={outcome ? undefined : attempt} />}
    </li>
  )
}

interface OutcomeLineProps {
  readonly outcome: Outcome
  readonly trip: Trip
  readonly by: Item['last_attempt']
}

function OutcomeLine({ outcome, trip, by }: OutcomeLineProps): JSX.Element {
  const { me, called } = usePeople()
  const { tone, words, failure, decided, isMoving = false } = outcome
  const denied = decided && !decided.decision ? decided.reasons : []
  const who =
    by && attemptWords(called(by.actor ?? by.subject), by.actor === undefined ? undefined : called(by.subject))
  return (
    <div class={`outcome outcome-${tone}${isMoving ? ' moving' : ''}`}>
      <p class="outcome-words">
        <Glyph name={tone} />
        <strong>{words}</strong>
        {who !== undefined && <span class="outcome-by">{who}</span>}
        {by && (
          <span class="outcome-by">
            <Time at={by.at} />
          </span>
        )}
      </p>
      {failure !== undefined && <p>{failure}</p>}
      {denied.map((reason) => (
        <ReasonLine key={reason.code} reason={reason} mine={trip.owner === me} />
      ))}
      {decided && <Authority outcome={outcome} decided={decided} owner={trip.owner} />}
    </div>
  )
}

const attemptWords = (who: string, whom: string | undefined): string =>
  whom === undefined ? TEXTS.by(who) : TEXTS.byFor(who, whom)

/** The chain of grants, with a link to the log entry. */
function Authority(props: { outcome: Outcome; decided: NonNullable<Outcome['decided']>; owner: string }): JSX.Element {
  const { outcome, decided, owner } = props
  const { chain, evaluation_id: id } = decided
  return (
    <details class="authority">
      <summary>{TEXTS.chain}</summary>
      {chain.length === 0 ? <p class="aside">{decided.decision ? TEXTS.inPerson : TEXTS.noChain}</p> : null}
      {chain.length > 0 && <KnownChain chain={chain} owner={owner} at={outcome.at} />}
      {id !== undefined && (
        <p>
          <a href={addressOf('activity', id)}>{TEXTS.record}</a>
        </p>
      )}
    </details>
  )
}

interface KnownChainProps {
  readonly chain: NonNullable<Outcome['decided']>['chain']
  readonly owner: string
  readonly at: string | undefined
}

function KnownChain({ chain, owner, at }: KnownChainProps): JSX.Element {
  const { nameOf } = usePeople()
  const things = useThings()
  const grants = useCall('grants.list', { include: 'ended' })
  const known = grants.state === 'there' ? grants.value.items : []
  const now = Date.now()
  const links = linksOf(chain, known, things.domains, now, at === undefined ? now : Date.parse(at))
  return (
    <ChainPicture
      links={links}
      owner={owner}
      nameOf={nameOf}
      givenWords={({ actions, scope }) => strings.sharing.givenWords(things.acts(actions, scope))}
      busy={grants.state === 'loading'}
    />
  )
}
