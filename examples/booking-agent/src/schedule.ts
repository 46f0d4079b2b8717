/**
 * The agent's own schedule: it is the subject then, nobody stands behind it, and only unattended grants let it (rule G3).
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { Run } from './run.ts'
import { carryOut, type RunnerDeps, reopened, runTrip } from './runner.ts'
import type { RunStore } from './store.ts'
import type { TripsTokens } from './tokens.ts'

export interface OwnDeps {
  readonly runner: RunnerDeps
  readonly store: Pick<RunStore, 'interrupted'>
  readonly tokens: Pick<TripsTokens, 'own'>
  /** The agent's own id. */
  readonly agent: string
}

/** Runs a trip as itself. @throws Fault `identity_unavailable` when the agent gets no token. */
export async function runOwn(workflow: string, { runner, tokens, agent }: OwnDeps): Promise<Run> {
  const order = { workflow, items: undefined, dryRun: false, subject: `agent:${agent}`, actor: undefined }
  return await runTrip({ ...order, as: await ownName(tokens) }, runner)
}

/** Goes on with its own runs that a crash cut short: it can get a token again, which a person's run cannot. */
export async function resumeOwn({ runner, store, tokens, agent }: OwnDeps): Promise<void> {
  for (const run of store.interrupted(`agent:${agent}`)) {
    await carryOut(reopened(run, runner), await ownName(tokens), runner)
  }
}

const ownName = async (tokens: OwnDeps['tokens']) => ({
  token: await tokens.own(),
  persona: undefined,
  requestId: randomUUID(),
})

/**
 * Goes on with what was cut short, then runs each trip every so often, one after another.
 *
 * @returns how to end it; a round under way is let come to an end of its own.
 */
export function startSchedule(
  { workflows, everyMs }: { readonly workflows: readonly string[]; readonly everyMs: number },
  deps: OwnDeps,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let round = resumeOwn(deps).catch(failed)
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    round = round.then(async () => {
      for (const workflow of workflows) if (!deps.runner.halt.aborted) await runOwn(workflow, deps).catch(failed)
      busy = false
    })
  }, everyMs)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await round
  }
}
