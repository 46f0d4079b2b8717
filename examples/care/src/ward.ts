/**
 * What the ward does: makes a plan for a patient, tells the PDP of it, and forgets a patient when the PDP says so.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import { decodeTime, ulid } from 'ulid'
import type { Plan, Plans, Task } from './plans.ts'

/** What every patient gets. Minutes, hours from now, the ward's grade of risk: the ward's own figures, never a request's. */
const TASKS = [
  { name: 'washing', effort: 10, inHours: 5, risk: 1 },
  { name: 'medication', effort: 5, inHours: 6, risk: 2 },
  { name: 'walk', effort: 45, inHours: 8, risk: 1 },
] as const
const HOUR_MS = 3_600_000

type RegistryAndFeed = Pick<PdpAdmin, 'register' | 'unregister' | 'erasures' | 'acknowledge'>

export class Ward {
  readonly #plans: Plans
  readonly #pdp: RegistryAndFeed

  constructor(plans: Plans, pdp: RegistryAndFeed) {
    this.#plans = plans
    this.#pdp = pdp
  }

  /** @throws Fault `decision_unavailable` when it cannot be registered now; {@link finish} sees to it. */
  async make(owner: string, ownerPersona: string | undefined): Promise<Plan> {
    const plan = { id: ulid(), owner, owner_persona: ownerPersona ?? null }
    const tasks = TASKS.map(({ name, effort, inHours, risk }): Task => {
      const due_at = new Date(Date.now() + inHours * HOUR_MS).toISOString()
      return { id: ulid(), plan: plan.id, name, effort, due_at, risk, done_at: null }
    })
    this.#plans.add(plan, tasks)
    await this.#register(plan)
    return plan
  }

  /** Registers what a crash left: registering again changes nothing. */
  async finish(): Promise<void> {
    for (const plan of this.#plans.unregistered()) await this.#register(plan)
  }

  /**
   * Forgets whom the PDP names (rule E4). Each plan leaves the PDP before it leaves here, and the notice is acknowledged last: whatever a crash
   * cuts off is told again, and is done again.
   *
   * @throws Fault `decision_unavailable`: the rest is for the next round.
   */
  async forget(): Promise<void> {
    for (const { id: notice, sub, erased_at } of await this.#pdp.erasures()) {
      const before = Date.parse(erased_at)
      for (const { id } of this.#plans.of(`user:${sub}`)) {
        // Who came back after that is somebody new.
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
    this.#plans.registered(id)
  }
}
