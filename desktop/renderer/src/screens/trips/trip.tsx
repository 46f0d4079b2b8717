/**
 * Page of one trip: owner, access, items, booking.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Item, ItemOutcome, Trip } from '../../../../src/shared/views.ts'
import { Heading } from '../../layout.tsx'
import { Problem, States } from '../../parts/states.tsx'
import { Money } from '../../parts/words.tsx'
import { holdersOf } from '../../store/grants.ts'
import { useAction, useCall } from '../../store/hooks.tsx'
import { usePeople } from '../../store/people.ts'
import { addressOf } from '../../store/route.ts'
import { strings } from '../../strings.ts'
import { Access } from './access.tsx'
import { ItemRow } from './item.tsx'
import { MoveDialog } from './move.tsx'
import { OtherPersona, useIsOtherDomain } from './other-persona.tsx'
import { type Outcome, ofItems, ofPerson } from './outcome.ts'
import { RunBar, RunLine } from './run-bar.tsx'
import { useRuns } from './runs.ts'
import { SpendDialog } from './spend-dialog.tsx'
import { sumOf } from './sum.ts'
import { titleOf } from './trips.tsx'

const TEXTS = strings.trips

export function TripPage({ id }: { readonly id: string }): JSX.Element {
  const loaded = useCall('trips.read', { id })
  const isOther = useIsOtherDomain()
  const templates = useCall('trips.templates')
  const titles = templates.state === 'there' ? templates.value.items : []
  const title = loaded.state === 'there' ? titleOf(loaded.value.template, titles) : TEXTS.one
  return (
    <>
      <a class="back" href={addressOf('trips')}>
        {TEXTS.back}
      </a>
      <Heading title={title} lead={loaded.state === 'there' ? <Whose trip={loaded.value} /> : undefined} />
      {isOther && <OtherPersona />}
      <States loaded={loaded}>{(trip) => <Whole trip={trip} />}</States>
    </>
  )
}

/** Owner of the trip, and who else may act on it. */
function Whose({ trip }: { readonly trip: Trip }): JSX.Element {
  const { me, called } = usePeople()
  const grants = useCall('grants.list')
  if (trip.owner !== me) return <>{TEXTS.ownedBy(called(trip.owner))}</>
  if (grants.state !== 'there') return <>{TEXTS.yours}</>
  const names = holdersOf(grants.value.items, trip, me).map(called)
  return (
    <>
      {TEXTS.yours} {names.length > 0 ? TEXTS.andOthers(strings.capital(strings.list(names))) : TEXTS.onlyYou}
    </>
  )
}

/** The last execution or dry run in person, in this window. */
interface Done {
  readonly items: readonly ItemOutcome[]
  readonly isDry: boolean
}

function Whole({ trip }: { readonly trip: Trip }): JSX.Element {
  const runs = useRuns(trip.id)
  const [done, setDone] = useState<Done>()
  const [isRunShown, setRunShown] = useState(false)
  const run = runs.latest !== undefined && (isRunShown || runs.latest.status === 'running') ? runs.latest : undefined
  const outcomes = outcomesOf(done, isRunShown || !done ? run : undefined)
  return (
    <>
      <section class="part">
        <div class="part-top">
          <h2 class="section-title">{TEXTS.items}</h2>
          <Total trip={trip} />
        </div>
        <RunBar
          trip={trip}
          onRun={(begun) => {
            setDone(undefined)
            setRunShown(true)
            runs.begun(begun)
          }}
          onPerson={(items, isDry) => {
            setRunShown(false)
            setDone({ items, isDry })
          }}
        />
        {run && !done && <RunLine run={run} trip={trip} onRun={runs.begun} />}
        {done && <p class="run-line">{done.isDry ? strings.run.checkedTitle : strings.run.bookedTitle}</p>}
        <Items trip={trip} outcomes={outcomes} onDone={(items) => setDone({ items, isDry: false })} />
      </section>
      <Access trip={trip} />
    </>
  )
}

function outcomesOf(
  done: Done | undefined,
  run: Parameters<typeof ofItems>[0] | undefined,
): ReadonlyMap<string, Outcome> {
  if (done) return new Map(done.items.map((outcome) => [outcome.item, ofPerson(outcome, done.isDry)]))
  return run ? ofItems(run) : new Map()
}

function Total({ trip }: { readonly trip: Trip }): JSX.Element | null {
  const total = sumOf(trip.items.map(({ planned_price: price }) => price))
  if (!total) return null
  return (
    <p class="total">
      {TEXTS.total} <Money {...total} />
    </p>
  )
}

interface ItemsProps {
  readonly trip: Trip
  readonly outcomes: ReadonlyMap<string, Outcome>
  readonly onDone: (items: readonly ItemOutcome[]) => void
}

function Items({ trip, outcomes, onDone }: ItemsProps): JSX.Element {
  const [moving, setMoving] = useState<string>()
  const [booking, setBooking] = useState<Item>()
  const execute = useAction('trips.execute', ['trips', 'activity'])
  const moved = trip.items.find(({ id }) => id === moving)
  const book = async (item: Item): Promise<void> => {
    const answer = await execute.run({ id: trip.id, items: [item.id] })
    if (answer.ok) onDone(answer.value.items)
  }
  return (
    <>
      <Problem problem={execute.problem} />
      <ul class="items">
        {trip.items.map((item) => (
          <ItemRow
            key={item.id}
            item={item}
            trip={trip}
            outcome={outcomes.get(item.id)}
            onBook={() => setBooking(item)}
            onMove={() => setMoving(item.id)}
          />
        ))}
      </ul>
      {booking && (
        <SpendDialog
          items={[booking]}
          agent={undefined}
          onConfirm={() => void book(booking)}
          onClose={() => setBooking(undefined)}
        />
      )}
      {moved && <MoveDialog trip={trip.id} item={moved} onClose={() => setMoving(undefined)} />}
    </>
  )
}
