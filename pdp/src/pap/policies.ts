/**
 * The policies in force: loaded without a restart, validated whole before they replace the present ones, rolled back by version. A decision uses one
 * version from its first step to its last.
 *
 * @module
 */
import { type EpochMillis, Fault, refuse } from '@mandate/protocol'
import { compilePolicies, type InForce, type Policies, type PolicySources } from '../policy/pack.ts'
import { PolicyError } from '../policy/yaml.ts'
import type { Clock } from '../ports/clock.ts'
import type { Engine } from '../ports/engine.ts'
import type { Locks } from '../ports/locks.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import type { Register } from '../ports/register.ts'
import type { PolicyHistory } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, type Principal, withRole } from './pap.ts'

export interface PolicyDeps {
  /** Reads the configured policy folder. */
  readonly read: () => Promise<PolicySources>
  readonly engine: Pick<Engine, 'compile' | 'models'>
  readonly register: Pick<Register, 'modelOf'>
  readonly policyHistory: PolicyHistory
  readonly transaction: Transactions['transaction']
  readonly locks: Locks
  readonly record: Recorder
  readonly clock: Clock
}

/** A policy version, for operators. */
export interface PolicyView {
  readonly version: string
  readonly loadedAt: EpochMillis
  readonly inForce: boolean
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>

export class PolicyControl {
  readonly #deps: PolicyDeps
  #current: InForce | undefined

  constructor(deps: PolicyDeps) {
    this.#deps = deps
  }

  readonly current = (): InForce => {
    if (this.#current) return this.#current
    throw new Fault('internal', 'policies are asked for before they were loaded')
  }

  /**
   * Loads the folder at start. If operators rolled back from the folder's version, the version they rolled back to stays in force.
   *
   * @throws PolicyError when it cannot be loaded.
   */
  async start(): Promise<void> {
    const sources = await this.#deps.read()
    const policies = this.#compile(sources)
    const kept = await this.#deps.policyHistory.inForce()
    const rolledBackTo =
      kept?.insteadOf === policies.version ? await this.#deps.policyHistory.byVersion(kept.version) : undefined
    const stays = rolledBackTo?.sources.core === sources.core ? rolledBackTo : undefined
    if (stays) await this.#use(stays.sources, this.#compile(stays.sources), policies.version, {})
    else await this.#use(sources, policies, undefined, {})
  }

  /** Reads the folder again and puts it in force. On an error the present policies stay. */
  async load(by: Principal): Promise<PolicyView> {
    withRole(by, 'operator')
    return this.#change(async () => {
      const sources = await this.#deps.read()
      return this.#use(sources, this.#compile(sources), undefined, changeBy(by))
    })
  }

  /** Puts an earlier version in force: a rollback, or the return from one. */
  async activate(version: string, by: Principal): Promise<PolicyView> {
    withRole(by, 'operator')
    const kept = await this.#deps.policyHistory.byVersion(version)
    if (!kept) throw refuse('not_found', 'version: was never loaded here; GET /v1/policies lists those that were.')
    const folder = await this.#deps.read().catch(() => undefined)
    if (folder && folder.core !== kept.sources.core)
      throw refuse(
        'conflict',
        'version: was loaded by another release of the PDP, with a core model that this one cannot use. Load its packs again.',
      )
    const inFolder = folder && this.#versionOf(folder)
    const insteadOf = inFolder === version ? undefined : inFolder
    return this.#change(async () => this.#use(kept.sources, this.#compile(kept.sources), insteadOf, changeBy(by)))
  }

  #compile = (sources: PolicySources): Policies => compilePolicies(sources, this.#deps.engine.compile)

  /** @returns `undefined` for packs that do not compile. */
  #versionOf(sources: PolicySources): string | undefined {
    try {
      return this.#compile(sources).version
    } catch {
      return undefined
    }
  }

  /** Serialized, so that the version in force is the one stored last. */
  #change = (task: () => Promise<PolicyView>): Promise<PolicyView> =>
    this.#deps.locks.run(lockKey.policies(), () => withProblems(task))

  /** Most recently loaded first. */
  async list(by: Principal): Promise<readonly PolicyView[]> {
    if (!by.roles.includes('auditor')) withRole(by, 'operator')
    return (await this.#deps.policyHistory.all()).map(({ version, loadedAt }) => this.#view(version, loadedAt))
  }

  #view = (version: string, loadedAt: EpochMillis): PolicyView => ({
    version,
    loadedAt,
    inForce: version === this.current().version,
  })

  /** @param policies - The sources, compiled. */
  async #use(sources: PolicySources, policies: Policies, insteadOf: string | undefined, by: By): Promise<PolicyView> {
    const { engine, register, policyHistory, transaction, record, clock } = this.#deps
    const { models } = engine
    const { version } = policies
    const known = await register.modelOf(models.id, version)
    const modelId = known && (await models.hasModel(known)) ? known : await models.writeModel(policies.program)
    const loadedAt = clock()
    if (modelId !== known || version !== (await policyHistory.inForce())?.version)
      await record([{ kind: 'policy_loaded', ...by, model: modelId, policy: version }])
    await transaction(async (within) => {
      await within.register.rememberModel(models.id, version, modelId)
      await within.policyHistory.put({ version, sources, loadedAt })
      await within.policyHistory.setInForce(version, insteadOf)
    })
    this.#current = { ...policies, modelId }
    return this.#view(version, loadedAt)
  }
}

/** Reports a policy's mistakes to the operator, by file and line. */
async function withProblems<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (error) {
    if (error instanceof PolicyError) throw refuse('policy_invalid', error.message)
    throw error
  }
}
