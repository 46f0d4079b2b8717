/**
 * Screen Trips: own and shared trips.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Template, TripSummary } from '../../../../src/shared/views.ts'
import { Heading } from '../../layout.tsx'
import { Empty, States } from '../../parts/states.tsx'
import { Time } from '../../parts/words.tsx'
import { holdersOf } from '../../store/grants.ts'
import { useCall, useOnline } from '../../store/hooks.tsx'
import { usePeople } from '../../store/people.ts'
import { addressOf, go } from '../../store/route.ts'
import { strings } from '../../strings.ts'
import { CreateTrip } from './create.tsx'
import { OtherPersona, useIsOtherDomain } from './other-persona.tsx'

const TEXTS = strings.trips

export function Trips(): JSX.Element {
  const [isCreating, setCreating] = useState(false)
  const isOnline = useOnline()
  const isOther = useIsOtherDomain()
  const trips = useCall('trips.list')
  const templates = useCall('trips.templates')
  const titles = templates.state === 'there' ? templates.value.items : []
  const create = (
    <button type="button" class="button primary" disabled={!isOnline || isOther} onClick={() => setCreating(true)}>
      {TEXTS.create}
    </button>
  )
  return (
    <>
      <Heading title={TEXTS.title} lead={TEXTS.lead}>
        {create}
      </Heading>
      {isOther && <OtherPersona />}
      <States loaded={trips}>
        {({ items, next_cursor: next }) => <Lists trips={items} titles={titles} next={next} create={create} />}
      </States>
      {isCreating && (
        <CreateTrip
          onClose={() => setCreating(false)}
          onCreated={({ id }) => {
            setCreating(false)
            go('trips', id)
          }}
        />
      )}
    </>
  )
}

interface ListsProps {
  readonly trips: readonly TripSummary[]
  readonly titles: readonly Template[]
  readonly next: string | undefined
  readonly create: JSX.Element
}

function Lists({ trips, titles, next, create }: ListsProps): JSX.Element {
  const { me } = usePeople()
  const mine = trips.filter(({ owner }) => owner === me)
  const shared = trips.filter(({ owner }) => owner !== me)
  return (
    <>
      <section class="part">
        <h2 class="section-title">{TEXTS.mine}</h2>
        {mine.length === 0 ? (
          <Empty title={TEXTS.emptyTitle} words={TEXTS.empty}>
            {create}
          </Empty>
        ) : (
          <Rows trips={mine} titles={titles} />
        )}
      </section>
      <section class="part">
        <h2 class="section-title">{TEXTS.shared}</h2>
        {shared.length === 0 ? <p class="aside">{TEXTS.sharedEmpty}</p> : <Rows trips={shared} titles={titles} />}
      </section>
      {next !== undefined && <More cursor={next} titles={titles} create={create} />}
    </>
  )
}

/** Further pages, loaded one by one. */
function More(props: { cursor: string; titles: readonly Template[]; create: JSX.Element }): JSX.Element {
  const { cursor, titles } = props
  const [isOpen, setOpen] = useState(false)
  const page = useCall('trips.list', { cursor }, !isOpen)
  if (!isOpen) {
    return (
      <button type="button" class="button more-button" onClick={() => setOpen(true)}>
        {strings.more}
      </button>
    )
  }
  return (
    <States loaded={page}>
      {({ items, next_cursor: next }) => (
        <>
          <Rows trips={items} titles={titles} />
          {next !== undefined && <More {...props} cursor={next} />}
        </>
      )}
    </States>
  )
}

function Rows(props: { trips: readonly TripSummary[]; titles: readonly Template[] }): JSX.Element {
  const { me, called } = usePeople()
  const grants = useCall('grants.list')
  const known = grants.state === 'there' ? grants.value.items : []
  return (
    <ul class="lines">
      {props.trips.map(({ id, template, owner, created_at: createdAt }) => (
        <li key={id} class="trip-line">
          <a class="trip-link" href={addressOf('trips', id)}>
            {titleOf(template, props.titles)}
          </a>
          <span class="trip-about">
            {owner !== me && <>{strings.capital(TEXTS.owner(called(owner)))}, </>}
            {TEXTS.createdOn('')}
            <Time at={createdAt} />
          </span>
          {grants.state === 'there' && owner === me && (
            <span class="trip-who">{whoElse(holdersOf(known, { id, owner }, me).map(called))}</span>
          )}
        </li>
      ))}
    </ul>
  )
}

function whoElse(names: readonly string[]): string {
  return names.length > 0 ? TEXTS.andOthers(strings.capital(strings.list(names))) : TEXTS.onlyYou
}

export function titleOf(template: string, titles: readonly Template[]): string {
  return titles.find(({ id }) => id === template)?.title ?? template
}
