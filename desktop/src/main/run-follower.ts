/**
 * Runs under way, followed to their end: each state of one is an event.
 *
 * @module
 */
import { jsonOf } from '@mandate/service/sse'
import type { Run } from '../shared/views.ts'
import { runSchema } from '../shared/views.ts'
import { again } from './again.ts'
import { type Api, part } from './api.ts'
import type { Emit } from './handlers.ts'
import { CallProblem } from './problems.ts'
import { eventsOf } from './sse.ts'

/** As an agent tells it: which agent it is, this app knows. */
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

  /** Once is enough. A run that has ended is not followed. */
  follow({ agent, id, status }: Run): void {
    const name = `${agent} ${id}`
    if (status !== 'running' || this.#followed.has(name)) return
    this.#followed.add(name)
    void again(() => this.#listen(agent, id), { end: this.#end, firstMs: FIRST_MS, mostMs: MOST_MS }).finally(() =>
      this.#followed.delete(name),
    )
  }

  /** Until the run ends, or the token, or the connection; then whoever comes again gets the run whole. */
  async #listen(agent: string, id: string): Promise<'done' | 'well' | 'badly'> {
    let got: 'well' | 'badly' = 'badly'
    try {
      const response = await this.#api.open(agent, { path: `/runs/${part(id)}/events` })
      for await (const event of eventsOf(response)) {
        const run = agentRunSchema.safeParse(jsonOf(event))
        if (!run.success) continue
        got = 'well'
        this.#emit('run', { ...run.data, agent })
        if (run.data.status !== 'running') {
          this.#emit('changed', { what: 'trips' })
          return 'done'
        }
      }
    } catch (error) {
      // It is not there any more, or not theirs.
      if (error instanceof CallProblem && error.view.code === 'not_found') return 'done'
    }
    return got
  }
}
