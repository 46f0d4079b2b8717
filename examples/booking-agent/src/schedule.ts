/**
 * Runs on the agent's own schedule. The agent is the subject, without a person behind it, so only unattended grants permit anything (rule G3).
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

/** Runs a trip with the agent as subject. @throws Fault `identity_unavailable` when the agent gets no token. */
export async function runOwn(workflow: string, { runner, tokens, agent }: OwnDeps): Promise<Run> {
  const order = { workflow, items: undefined, dryRun: false, subject: `agent:${agent}`, actor: undefined }
  return await runTrip({ ...order, as: await actAsAgent(tokens) }, runner)
}

/** Resumes the agent's own runs after a crash. A person's run is not resumed here: that needs the person's token. */
export async function resumeOwn({ runner, store, tokens, agent }: OwnDeps): Promise<void> {
  for (const run of store.interrupted(`agent:${agent}`)) {
    await carryOut(reopened(run, runner), await actAsAgent(tokens), runner)
  }
}

const actAsAgent = async (tokens: OwnDeps['tokens']) => ({
  token: await tokens.own(),
  persona: undefined,
  requestId: randomUUID(),
})

/**
 * Resumes interrupted runs, then runs each trip at an interval, one after another.
 *
 * @returns A function that stops the schedule and resolves after the current round.
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
