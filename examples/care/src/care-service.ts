/**
 * Application service of care: creates a plan for a patient, registers it with the PDP, and erases patients named by the PDP's erasure feed.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import { decodeTime, ulid } from 'ulid'
import type { Plan, PlanStore, Task } from './plans.ts'

/** Tasks of every new plan. `effort` in minutes, due `inHours` from now, `risk` as graded by the ward; never taken from a request. */
const TASKS = [
  { name: 'washing', effort: 10, inHours: 5, risk: 1 },
  { name: 'medication', effort: 5, inHours: 6, risk: 2 },
  { name: 'walk', effort: 45, inHours: 8, risk: 1 },
] as const
const HOUR_MS = 3_600_000

type RegistryAndFeed = Pick<PdpAdmin, 'register' | 'unregister' | 'erasures' | 'acknowledge'>

export class CareService {
  readonly #plans: PlanStore
  readonly #pdp: RegistryAndFeed

  constructor(plans: PlanStore, pdp: RegistryAndFeed) {
    this.#plans = plans
    this.#pdp = pdp
  }

  /** Creates and registers a plan. @throws Fault `decision_unavailable` when the PDP does not answer; {@link registerPending} retries. */
  async create(owner: string, ownerPersona: string | undefined): Promise<Plan> {
    const plan = { id: ulid(), owner, owner_persona: ownerPersona ?? null }
    const tasks = TASKS.map(({ name, effort, inHours, risk }): Task => {
      const due_at = new Date(Date.now() + inHours * HOUR_MS).toISOString()
      return { id: ulid(), plan: plan.id, name, effort, due_at, risk, done_at: null }
    })
    this.#plans.add(plan, tasks)
    await this.#register(plan)
    return plan
  }

  /** Registers plans left unregistered by a crash or failure; registering is idempotent. */
  async registerPending(): Promise<void> {
    for (const plan of this.#plans.unregistered()) await this.#register(plan)
  }

  /**
   * Erases persons named by the PDP's erasure feed (rule E4). Each plan is unregistered from the PDP before it is deleted here, and the notice is
   * acknowledged last: after a crash the feed delivers it again.
   *
   * @throws Fault `decision_unavailable` when the PDP does not answer; the next round continues.
   */
  async eraseForgotten(): Promise<void> {
    for (const { id: notice, sub, erased_at } of await this.#pdp.erasures()) {
      const before = Date.parse(erased_at)
      for (const { id } of this.#plans.of(`user:${sub}`)) {
        // Plans made after the erasure belong to a new account with the same sub.
        if (decodeTime(id) > before) continue
        for (const task of this.#plans.tasks(id)) await this.#pdp.unregister('care_task', task.id)
        await this.#pdp.unregister('care_plan', id)
        this.#plans.forget(id)
      }
      await this.#pdp.acknowledge(notice)
    }
  }

  async #register({ id, owner, owner_persona: persona }: Plan): Promise<void> {
    await this.#pdp.register({
      type: 'care_plan',
      id,
      owner,
      ...(persona === null ? {} : { owner_persona: persona }),
    })
    const parent = `care_plan:${id}`
    for (const task of this.#plans.tasks(id)) await this.#pdp.register({ type: 'care_task', id: task.id, parent })
    this.#plans.markRegistered(id)
  }
}
