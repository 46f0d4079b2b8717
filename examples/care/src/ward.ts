/**
 * What the ward does: makes a plan for a patient, and tells the PDP of it.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import { ulid } from 'ulid'
import type { Plan, Plans, Task } from './plans.ts'

/** What every patient gets. Minutes, hours from now, the ward's grade of risk: the ward's own figures, never a request's. */
const TASKS = [
  { name: 'washing', effort: 10, inHours: 5, risk: 1 },
  { name: 'medication', effort: 5, inHours: 6, risk: 2 },
  { name: 'walk', effort: 45, inHours: 8, risk: 1 },
] as const
const HOUR_MS = 3_600_000

export class Ward {
  readonly #plans: Plans
  readonly #registry: Pick<PdpAdmin, 'register'>

  constructor(plans: Plans, registry: Pick<PdpAdmin, 'register'>) {
    this.#plans = plans
    this.#registry = registry
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

  async #register({ id, owner, owner_persona: persona }: Plan): Promise<void> {
    await this.#registry.register({
      type: 'care_plan',
      id,
      owner,
      ...(persona === null ? {} : { owner_persona: persona }),
    })
    const parent = `care_plan:${id}`
    for (const task of this.#plans.tasks(id)) await this.#registry.register({ type: 'care_task', id: task.id, parent })
    this.#plans.registered(id)
  }
}
