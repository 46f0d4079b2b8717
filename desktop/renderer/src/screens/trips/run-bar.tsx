/**
 * Buttons to book a trip in person or by an agent, or to check only; and the progress of a run.
 *
 * @module
 */
import type { Grant } from '@mandate/protocol'
import { Glyph, minuteOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { AgentView, ItemOutcome, Run, Trip } from '../../../../src/shared/views.ts'
import { Menu, type MenuItem } from '../../parts/menu.tsx'
import { Problem } from '../../parts/states.tsx'
import { ReasonLine } from '../../parts/words.tsx'
import { reaches } from '../../store/chain.ts'
import { useAction, useCall, useOnline } from '../../store/hooks.tsx'
import { usePeople } from '../../store/people.ts'
import { strings } from '../../strings.ts'
import { GrantDialog } from '../sharing/grant-dialog.tsx'
import { sumOfRun } from './outcome.ts'
import { SpendDialog } from './spend-dialog.tsx'

const TEXTS = strings.run

interface RunBarProps {
  readonly trip: Trip
  readonly onRun: (run: Run) => void
  readonly onPerson: (items: readonly ItemOutcome[], isDry: boolean) => void
}

export function RunBar({ trip, onRun, onPerson }: RunBarProps): JSX.Element {
  const agents = useRunners()
  const isOnline = useOnline()
  const start = useAction('runs.start', ['runs'])
  const execute = useAction('trips.execute', ['trips', 'activity'])
  const dryRun = useAction('trips.dryRun', ['activity'])
  const standingOf = useStanding(trip)
  const [spending, setSpending] = useState<AgentView | 'me'>()
  const isBusy = start.isBusy || execute.isBusy || dryRun.isBusy
  const isOff = !isOnline || isBusy
  const run = async (agent: AgentView, isDry: boolean): Promise<void> => {
    const answer = await start.run({ agent: agent.id, trip: trip.id, dryRun: isDry })
    if (answer.ok) onRun(answer.value)
  }
  const inPerson = async (isDry: boolean): Promise<void> => {
    const answer = await (isDry ? dryRun : execute).run({ id: trip.id })
    if (answer.ok) onPerson(answer.value.items, isDry)
  }
  return (
    <>
      <div class="buttons run-bar">
        {agents.map((agent) => (
          <button
            type="button"
            class={standingOf(agent) === 'given' ? 'button primary' : 'button'}
            key={agent.id}
            disabled={isOff}
            onClick={() => setSpending(agent)}
          >
            {TEXTS.agent(agent.title)}
          </button>
        ))}
        <button type="button" class="button" disabled={isOff} onClick={() => setSpending('me')}>
          {TEXTS.inPerson}
        </button>
        <Menu
          label={TEXTS.dryRun}
          items={checksOf(agents, (by) => void (by === 'me' ? inPerson(true) : run(by, true)))}
          isOff={isOff}
        />
      </div>
      <WithoutGrants trip={trip} standingOf={standingOf} />
      <Problem problem={start.problem ?? execute.problem ?? dryRun.problem} />
      {spending !== undefined && (
        <SpendDialog
          items={trip.items}
          agent={spending === 'me' ? undefined : spending.title}
          onConfirm={() => void (spending === 'me' ? inPerson(false) : run(spending, false))}
          onClose={() => setSpending(undefined)}
        />
      )}
    </>
  )
}

/** The agents that can be asked to run a trip. */
function useRunners(): readonly AgentView[] {
  return usePeople().agents.filter(({ runsTrips }) => runsTrips)
}

function checksOf(agents: readonly AgentView[], check: (by: AgentView | 'me') => void): readonly MenuItem[] {
  return [
    { id: 'me', label: TEXTS.checkMe, onChoose: () => check('me') },
    ...agents.map((agent) => ({ id: agent.id, label: TEXTS.agentDry(agent.title), onChoose: () => check(agent) })),
  ]
}

/** `unknown` until the grants are loaded: no warning before. */
type Standing = 'unknown' | 'given' | Missing

interface Missing {
  /** Grant or ownership that authority could be given from. */
  readonly from: Grant | 'owner' | undefined
  /** Parties that the agent may act for here. */
  readonly others: readonly string[]
}

/** An agent acts only for its direct delegator. @returns What could be given to an agent without authority. */
function useStanding(trip: Trip): (agent: AgentView) => Standing {
  const { me } = usePeople()
  const grants = useCall('grants.list')
  return (agent) => {
    if (grants.state !== 'there') return 'unknown'
    const live = grants.value.items.filter((grant) => grant.status === 'live' && reaches(grant, trip))
    const givers = live.filter(({ delegate }) => delegate === `agent:${agent.id}`).map(({ delegator }) => delegator)
    if (givers.includes(me)) return 'given'
    const held = live.find(({ delegate, redelegations }) => delegate === me && redelegations > 0)
    return { from: trip.owner === me ? 'owner' : held, others: [...new Set(givers)] }
  }
}

function WithoutGrants(props: { trip: Trip; standingOf: (agent: AgentView) => Standing }): JSX.Element {
  const agents = useRunners()
  return (
    <>
      {agents.map((agent) => {
        const missing = props.standingOf(agent)
        if (typeof missing === 'string') return null
        return <WithoutGrant key={agent.id} agent={agent} trip={props.trip} missing={missing} />
      })}
    </>
  )
}

interface WithoutGrantProps {
  readonly agent: AgentView
  readonly trip: Trip
  readonly missing: Missing
}

/** Warning before a run that would be denied. */
function WithoutGrant({ agent, trip, missing }: WithoutGrantProps): JSX.Element {
  const { from, others } = missing
  const { called } = usePeople()
  const [isGiving, setGiving] = useState(false)
  const isOnline = useOnline()
  return (
    <div class="notice without-grant">
      <p>
        {others.length > 0
          ? TEXTS.agentForOthers(agent.title, strings.list(others.map(called)))
          : TEXTS.agentNeedsGrant(agent.title)}
      </p>
      {from !== undefined && (
        <button type="button" class="button primary" disabled={!isOnline} onClick={() => setGiving(true)}>
          {TEXTS.giveFirst(agent.title)}
        </button>
      )}
      {isGiving && from !== undefined && (
        <GrantDialog
          who={`agent:${agent.id}`}
          currency={trip.items[0]?.planned_price.currency}
          {...(from === 'owner' ? { scope: `workflow:${trip.id}` } : { parent: from })}
          onClose={() => setGiving(false)}
        />
      )}
    </div>
  )
}

/** Progress of a run, announced to screen readers. */
export function RunLine(props: { run: Run; trip: Trip; onRun: (run: Run) => void }): JSX.Element {
  const { run, trip, onRun } = props
  const { agents, me } = usePeople()
  const isOnline = useOnline()
  const resume = useAction('runs.resume', ['runs'])
  const title = agents.find(({ id }) => id === run.agent)?.title ?? run.agent
  const isOver = run.status !== 'running'
  const canResume = !run.dry_run && ['interrupted', 'stopped', 'failed'].includes(run.status)
  const again = async (): Promise<void> => {
    const answer = await resume.run({ agent: run.agent, id: run.id })
    if (answer.ok) onRun(answer.value)
  }
  return (
    <div class={isOver ? 'run-line' : 'run-line running'}>
      <p role="status">
        <Glyph name={isOver ? 'note' : 'open'} />
        <strong>{isOver ? `${title}: ${TEXTS.status[run.status] ?? run.status}` : TEXTS.running(title)}</strong>{' '}
        {run.items.length > 0 && `${TEXTS.sum(...sumOfRun(run))}.`} {run.dry_run && `${TEXTS.dry}. `}
        <span class="outcome-by">{TEXTS.at(minuteOf(run.started_at))}</span>
      </p>
      {run.denial?.reasons.map((reason) => (
        <ReasonLine key={reason.code} reason={reason} mine={trip.owner === me} />
      ))}
      {canResume && (
        <button type="button" class="button" disabled={!isOnline || resume.isBusy} onClick={() => void again()}>
          {TEXTS.resume}
        </button>
      )}
      <Problem problem={resume.problem} />
    </div>
  )
}
