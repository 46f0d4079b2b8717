/**
 * The agent's loop: look at the trip, ask what would be permitted, then item by item, and on past a denial. Every answer is kept before
 * the next item is tried.
 *
 * @module
 */
import { type EpochMillis, refuse } from '@mandate/protocol'
import { ulid } from 'ulid'
import { chooseItems, type Run, type RunItem } from './run.ts'
import type { RunStore } from './store.ts'
import type { Acting, Answer, Executed, Trips } from './trips-client.ts'

export interface RunnerDeps {
  readonly trips: Trips
  readonly store: Pick<RunStore, 'save'>
  readonly now: () => EpochMillis
}

export interface RunOrder {
  readonly workflow: string
  /** Item ids, or names of the template; all items when absent. */
  readonly items: readonly string[] | undefined
  readonly dryRun: boolean
  /** `user:<sub>` or `agent:<id>`. */
  readonly subject: string
  readonly actor: string | undefined
  readonly as: Acting
}

/**
 * @returns the run, ended. What could not be decided or done is in it: a run is never lost.
 * @throws Fault `invalid_request` when the trip can be read and has no such item; nothing was tried then.
 */
export async function runTrip(order: RunOrder, deps: RunnerDeps): Promise<Run> {
  const { store, now, trips } = deps
  const run = newRun(order, now())
  const listed = await trips.items(order.workflow, order.as)
  const items = itemsToRun(order, listed)
  if (items.length === 0) return ended(deps, { ...run, ...unreadable(listed) })
  let current: Run = { ...run, items }
  store.save(current)
  current = await prechecked(current, order, deps)
  store.save(current)
  for (const item of order.dryRun ? [] : current.items) {
    current = withItem(current, await attempted(item, current.id, order, trips))
    store.save(current)
  }
  return ended(deps, { ...current, status: 'done' })
}

function newRun({ workflow, dryRun, subject, actor, as }: RunOrder, now: EpochMillis): Run {
  return {
    id: ulid(now),
    workflow,
    status: 'running',
    dry_run: dryRun,
    subject,
    ...(actor === undefined ? {} : { actor }),
    ...(as.persona === undefined ? {} : { persona: as.persona }),
    started_at: new Date(now).toISOString(),
    items: [],
  }
}

/**
 * Of a trip that can be read, the items chosen. Of one that cannot, those named all the same: each gets its own answer, so that somebody
 * who asks for one item learns why not that one.
 */
function itemsToRun({ items: wanted }: RunOrder, listed: Answer<readonly { id: string; name: string }[]>): RunItem[] {
  if (listed.kind !== 'ok') return (wanted ?? []).map((item) => ({ item, status: 'waiting' }))
  const { chosen, unknown } = chooseItems(listed.value, wanted)
  if (unknown.length > 0) throw refuse('invalid_request', `items: not in this trip: ${unknown.join(', ')}`)
  return chosen.map(({ id, name }) => ({ item: id, name, status: 'waiting' }))
}

function unreadable(listed: Answer<unknown>): Partial<Run> {
  if (listed.kind === 'denied') return { status: 'denied', denial: listed.decided }
  if (listed.kind === 'failed') return { status: 'failed', failure: listed.code }
  return { status: 'done' }
}

/** A pre-check that fails costs nothing: each item is decided again when its turn comes. */
async function prechecked(run: Run, { workflow, as, dryRun }: RunOrder, { trips }: RunnerDeps): Promise<Run> {
  const answer = await trips.precheck(workflow, as)
  const items = run.items.map((item): RunItem => {
    if (answer.kind === 'ok') {
      const precheck = answer.value.get(item.item)
      if (!precheck) return item
      return dryRun ? { ...item, ...precheck, status: 'checked' } : { ...item, precheck }
    }
    if (!dryRun) return item
    if (answer.kind === 'denied') return { ...item, ...answer.decided, status: 'checked' }
    return { ...item, status: 'failed', failure: answer.code }
  })
  return { ...run, items }
}

async function attempted(item: RunItem, runId: string, { workflow, as }: RunOrder, trips: Trips): Promise<RunItem> {
  const answer: Answer<Executed> = await trips.execute(workflow, item.item, `${runId}.${item.item}`, as)
  if (answer.kind === 'ok') return { ...item, ...answer.value.decided, status: answer.value.effect }
  if (answer.kind === 'denied') return { ...item, ...answer.decided, status: 'denied' }
  return { ...item, status: 'failed', failure: answer.code }
}

function withItem(run: Run, changed: RunItem): Run {
  return { ...run, items: run.items.map((item) => (item.item === changed.item ? changed : item)) }
}

function ended({ store, now }: RunnerDeps, run: Run): Run {
  const whole = { ...run, ended_at: new Date(now()).toISOString() }
  store.save(whole)
  return whole
}
