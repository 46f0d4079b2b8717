/**
 * The agent's tools for a language model. Trips decides each call of a tool, with the agent as actor; the list of tools holds those that trips would
 * permit now.
 *
 * @module
 */
import { defineTool, type Tool, toolError, toolResult } from '@mandate/mcp'
import { pathIdSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { Run } from './run.ts'
import { type RunnerDeps, runTrip } from './runner.ts'
import type { Acting, TripsResult } from './trips-client.ts'

/** The trip of a request, and who asks. */
export interface TripContext {
  readonly workflow: string
  readonly subject: string
  readonly actor: string
  readonly as: Acting
}

const MAX_ITEMS = 50
const noArguments = z.strictObject({})
const someItems = z.strictObject({ items: z.array(pathIdSchema).min(1).max(MAX_ITEMS) })
const decidedBy = 'the service that is called'

/** What trips says about a trip at one moment. */
interface TripNow {
  readonly readable: boolean
  /** Ids of the items that may be executed. */
  readonly permitted: readonly string[]
}

export function agentTools(runner: RunnerDeps): readonly Tool<TripContext>[] {
  const now = onceARequest((trip) => tripNow(runner, trip))
  const listed = async ({ context }: { readonly context: TripContext }): Promise<boolean> =>
    (await now(context)).readable
  return [
    defineTool({
      name: 'read_trip',
      description: 'The items of the trip: ids and kinds.',
      inputSchema: noArguments,
      annotations: { readOnlyHint: true },
      decidedBy,
      listed,
      run: async (_args, { context: { workflow, as } }) => readResult(await runner.trips.items(workflow, as)),
    }),
    defineTool({
      name: 'check_items',
      description: 'Checks which items would be permitted. Books nothing.',
      inputSchema: noArguments,
      annotations: { readOnlyHint: true },
      decidedBy,
      listed,
      run: async (_args, { context }) => runResult(await run(runner, { dryRun: true, items: undefined }, context)),
    }),
    defineTool({
      name: 'execute_items',
      description: 'Books items. Each item is decided when it is executed; a denied item does not stop the others.',
      inputSchema: someItems,
      annotations: { destructiveHint: true, idempotentHint: true },
      decidedBy,
      listed: async ({ context }) => ({ argument: 'items', values: (await now(context)).permitted }),
      run: async ({ items }, { context }) => runResult(await run(runner, { dryRun: false, items }, context)),
    }),
  ]
}

/** All tools of one list are about the same answer of trips. */
function onceARequest<T>(ask: (trip: TripContext) => Promise<T>): (trip: TripContext) => Promise<T> {
  const asked = new WeakMap<TripContext, Promise<T>>()
  return (trip) => {
    const answer = asked.get(trip) ?? ask(trip)
    asked.set(trip, answer)
    return answer
  }
}

/** Nothing is permitted when reading the trip is denied or no decision is available. */
async function tripNow({ trips }: RunnerDeps, { workflow, as }: TripContext): Promise<TripNow> {
  const [read, checked] = await Promise.all([trips.items(workflow, as), trips.precheck(workflow, as)])
  if (read.kind !== 'ok') return { readable: false, permitted: [] }
  const permitted = read.value.filter(({ id }) => checked.kind === 'ok' && checked.value.get(id)?.decision)
  return { readable: true, permitted: permitted.map(({ id }) => id) }
}

/** Runs the items as a run like any other: stored, and readable by its subject. */
const run = (
  runner: RunnerDeps,
  what: { readonly dryRun: boolean; readonly items: readonly string[] | undefined },
  trip: TripContext,
): Promise<Run> => runTrip({ ...trip, ...what }, runner)

/** Result of `read_trip` for the model: ids, kinds, and the reason of a denial. Omits the owner and the chain: no person's id reaches the model. */
function readResult(read: TripsResult<readonly { readonly id: string; readonly name: string }[]>) {
  if (read.kind === 'ok') return toolResult({ items: read.value.map(({ id, name }) => ({ item: id, kind: name })) })
  if (read.kind === 'failed') return toolError({ failure: read.code })
  return toolError({ reason: read.decided.reason, reason_user: read.decided.reason_user })
}

function runResult({ id, status, denial, failure, items }: Run) {
  const outcomes = items.map(
    ({ item, name, status: outcome, decision, reason, reason_user, evaluation_id, failure: code }) => ({
      item,
      kind: name,
      status: outcome,
      decision,
      reason,
      reason_user,
      evaluation_id,
      failure: code,
    }),
  )
  const refused = denial ? { reason: denial.reason, reason_user: denial.reason_user } : {}
  const content = { run: id, status, ...refused, failure, items: outcomes }
  return status === 'done' ? toolResult(content) : toolError(content)
}
