/**
 * Follows running runs of agents by server-sent events, and emits each state.
 *
 * @module
 */
import { jsonOf } from '@mandate/service/sse'
import type { Run } from '../shared/views.ts'
import { runSchema } from '../shared/views.ts'
import { type Api, part } from './api.ts'
import type { Emit } from './emit.ts'
import { CallProblem } from './problems.ts'
import { retryUntilDone } from './retry.ts'
import { eventsOf } from './sse.ts'

/** A run as its agent sends it; the app adds the agent's id. */
export const agentRunSchema = runSchema.omit({ agent: true })

const FIRST_MS = 300
const MOST_MS = 10_000

export class RunFollower {
  readonly #api: Api
  readonly #emit: Emit
  readonly #end: AbortSignal
  readonly #followed = new Set<string>()

  constructor(api: Api, emit: Emit, end: AbortSignal) {
    this.#api = api
    this.#emit = emit
    this.#end = end
  }

  /** Follows a run until it ends. Idempotent. */
  follow({ agent, id, status }: Run): void {
    const name = `${agent} ${id}`
    if (status !== 'running' || this.#followed.has(name)) return
    this.#followed.add(name)
    void retryUntilDone(() => this.#listen(agent, id), { end: this.#end, firstMs: FIRST_MS, mostMs: MOST_MS }).finally(
      () => this.#followed.delete(name),
    )
  }

  /** Reads one stream, which ends with the run, the token or the connection. A new stream begins with the complete state. */
  async #listen(agent: string, id: string): Promise<'done' | 'progress' | 'failed'> {
    let got: 'progress' | 'failed' = 'failed'
    try {
      const response = await this.#api.open(agent, { path: `/runs/${part(id)}/events` })
      for await (const event of eventsOf(response)) {
        const run = agentRunSchema.safeParse(jsonOf(event))
        if (!run.success) continue
        got = 'progress'
        this.#emit('run', { ...run.data, agent })
        if (run.data.status !== 'running') {
          this.#emit('changed', { what: 'trips' })
          return 'done'
        }
      }
    } catch (error) {
      // The run was deleted, or belongs to another person.
      if (error instanceof CallProblem && error.view.code === 'not_found') return 'done'
    }
    return got
  }
}
