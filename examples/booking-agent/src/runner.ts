/**
 * Carries out runs: reads the trip, pre-checks its items by a dry run, then executes them, several in parallel. A denied item does not stop the
 * others; the end of the authority does, also by an event of the PDP. Each outcome is stored before the same worker tries its next item.
 *
 * @module
 */
import { type EpochMillis, refuse } from '@mandate/protocol'
import { ulid } from 'ulid'
import { chooseItems, endsAuthority, isOpen, type Run, type RunItem } from './run.ts'
import type { RunStore } from './store.ts'
import type { Acting, Executed, Trips, TripsResult } from './trips-client.ts'
import type { WorkByGrant } from './work-by-grant.ts'

export interface RunnerDeps {
  readonly trips: Trips
  readonly store: Pick<RunStore, 'begin' | 'save'>
  readonly now: () => EpochMillis
  /** Items executed in parallel, at most. */
  readonly parallel: number
  /** Aborted at shutdown: no further item is started. */
  readonly halt: AbortSignal
  readonly work: Pick<WorkByGrant, 'begin'>
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

/** Stores a new run, with no item tried yet. */
export function beginRun(order: RunOrder, { store, now }: RunnerDeps): Run {
  const run = newRun(order, now())
  store.begin(run)
  return run
}

/** Marks a run as running again. An item that got no answer is retried with the same idempotency key. */
export function reopened({ ended_at: _, denial: __, failure: ___, ...run }: Run, { store }: RunnerDeps): Run {
  const open = { ...run, status: 'running' as const }
  store.save(open)
  return open
}

/**
 * Executes the items of a stored run and stores its end.
 *
 * @returns The ended run, with every failure recorded in it.
 * @throws Fault `invalid_request` when the trip has no such item; no item was tried then.
 */
export async function carryOut(begun: Run, as: Acting, deps: RunnerDeps): Promise<Run> {
  if (begun.items.length > 0) return ended(deps, await executed(begun, as, deps))
  const listed = await deps.trips.items(begun.workflow, as)
  let run: Run
  try {
    run = { ...begun, items: itemsToRun(begun, listed) }
  } catch (error) {
    ended(deps, { ...begun, status: 'failed', failure: 'invalid_request' })
    throw error
  }
  if (run.items.length === 0) return ended(deps, { ...run, ...unreadable(listed) })
  deps.store.save(run)
  run = await prechecked(run, as, deps)
  deps.store.save(run)
  return ended(deps, run.dry_run ? { ...run, status: 'done' } : await executed(run, as, deps))
}

/** Begins a run and carries it out. @throws Fault as {@link carryOut}. */
export async function runTrip(order: RunOrder, deps: RunnerDeps): Promise<Run> {
  return await carryOut(beginRun(order, deps), order.as, deps)
}

async function executed(run: Run, as: Acting, deps: RunnerDeps): Promise<Run> {
  const { store, trips, halt, parallel } = deps
  using underWay = deps.work.begin()
  for (const { precheck } of run.items) underWay.restsOn(precheck?.chain)
  let current = run
  let over = false
  // All workers share one iterator: each takes the next item when it is free.
  const queue = run.items.filter(isOpen).values()
  const work = async (): Promise<void> => {
    for (const item of queue) {
      if (over || halt.aborted || underWay.isStopped) return
      const tried = await attempted(item, run, as, trips)
      underWay.restsOn(tried.chain)
      current = withItem(current, tried)
      if (endsAuthority(tried)) over = true
      store.save(current)
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: parallel }, work))
  const broken = workers.find(({ status }) => status === 'rejected')
  if (broken?.status === 'rejected') throw broken.reason
  if (!current.items.some(({ status }) => status === 'waiting')) return { ...current, status: 'done' }
  return { ...current, status: over || underWay.isStopped ? 'stopped' : 'interrupted' }
}

function newRun({ workflow, items, dryRun, subject, actor, as }: RunOrder, now: EpochMillis): Run {
  return {
    id: ulid(now),
    workflow,
    status: 'running',
    dry_run: dryRun,
    subject,
    ...(actor === undefined ? {} : { actor }),
    ...(as.persona === undefined ? {} : { persona: as.persona }),
    ...(items === undefined ? {} : { asked: [...items] }),
    started_at: new Date(now).toISOString(),
    items: [],
  }
}

/**
 * Chooses the items of a run. When the trip cannot be read, the requested items are tried all the same, so that each gets its own decision and
 * reason. @throws Fault `invalid_request` for an item that is not in the trip.
 */
function itemsToRun({ asked: wanted }: Run, listed: TripsResult<readonly { id: string; name: string }[]>): RunItem[] {
  if (listed.kind !== 'ok') return (wanted ?? []).map((item) => ({ item, status: 'waiting' }))
  const { chosen, unknown } = chooseItems(listed.value, wanted)
  if (unknown.length > 0) throw refuse('invalid_request', `items: not in this trip: ${unknown.join(', ')}`)
  return chosen.map(({ id, name }) => ({ item: id, name, status: 'waiting' }))
}

function unreadable(listed: TripsResult<unknown>): Partial<Run> {
  if (listed.kind === 'denied') return { status: 'denied', denial: listed.decided }
  if (listed.kind === 'failed') return { status: 'failed', failure: listed.code }
  return { status: 'done' }
}

/** Adds the decisions of a dry run. If it fails, the run continues: each item is decided again when it is executed. */
async function prechecked(run: Run, as: Acting, { trips }: RunnerDeps): Promise<Run> {
  const { workflow, dry_run: dryRun } = run
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

async function attempted(
  { failure: _, ...item }: RunItem,
  { id, workflow }: Run,
  as: Acting,
  trips: Trips,
): Promise<RunItem> {
  // The idempotency key is made of the run and the item: a retry after a crash sends the same key, so the service executes it once.
  const answer: TripsResult<Executed> = await trips.execute(workflow, item.item, `${id}.${item.item}`, as)
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
