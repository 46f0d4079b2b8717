/**
 * Operations on runs of agents: start, resume, list. `run` events report progress.
 *
 * @module
 */
import { z } from 'zod'
import type { Run } from '../shared/views.ts'
import { part } from './api.ts'
import type { Context, Handlers } from './handlers.ts'
import { agentsWithUrl } from './host.ts'
import { agentRunSchema } from './run-follower.ts'

const listSchema = z.object({ items: z.array(agentRunSchema) })
/** RFC 7240: the response does not wait for the end of the run. */
const RESPOND_ASYNC = { prefer: 'respond-async' }

export const runHandlers: Handlers<'runs.start' | 'runs.resume' | 'runs.list'> = {
  'runs.start': ({ agent, trip, items, dryRun }, context) =>
    begin(agent, '/runs', { workflow: trip, dry_run: dryRun, ...(items ? { items } : {}) }, context),
  'runs.resume': ({ agent, id }, context) => begin(agent, `/runs/${part(id)}/resume`, undefined, context),
  'runs.list': async (_input, context) => ({ items: await listAll(context) }),
}

async function begin(agent: string, path: string, body: unknown, { api, runs, emit }: Context): Promise<Run> {
  const request = { method: 'POST', path, headers: RESPOND_ASYNC, ...(body === undefined ? {} : { body }) } as const
  const run = { ...(await api.call(agent, request, agentRunSchema)), agent }
  emit('run', run)
  runs.follow(run)
  return run
}

/** Runs of all agents that respond. @throws The first error when none does. */
async function listAll({ config, api, runs }: Context): Promise<Run[]> {
  const lists = await Promise.allSettled(
    agentsWithUrl(config).map(async ({ id: agent }) => {
      const { items } = await api.call(agent, { path: '/runs' }, listSchema)
      return items.map((run) => ({ ...run, agent }))
    }),
  )
  const failed = lists.filter((list) => list.status === 'rejected')
  if (failed.length === lists.length && failed[0]) throw failed[0].reason
  const all = lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))
  for (const run of all) runs.follow(run)
  return all.toSorted((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at))
}
