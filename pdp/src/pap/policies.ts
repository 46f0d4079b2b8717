/**
 * The policies in force: loaded without a restart, validated whole before they replace the present ones, rolled back by version. A decision uses one
 * version from its first step to its last.
 *
 * @module
 */
import { type EpochMillis, Fault, type PolicyTexts, refuse } from '@mandate/protocol'
import { compilePolicies, type InForce, type Policies, type PolicySources } from '../policy/pack.ts'
import { PolicyError } from '../policy/yaml.ts'
import type { Clock } from '../ports/clock.ts'
import type { Engine } from '../ports/engine.ts'
import type { Locks } from '../ports/locks.ts'
import type { EntryDraft, Recorder } from '../ports/recorder.ts'
import type { Register } from '../ports/register.ts'
import type { KeptPolicy, PolicyHistory } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import { lockKey } from './lock-keys.ts'
import { changeBy, type Principal, withRole } from './pap.ts'
import { PoliciesInUse } from './policies-in-use.ts'

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
  /** Whether other PDPs use the database. */
  readonly isShared: boolean
}

/** A policy version, for operators. */
export interface PolicyView {
  readonly version: string
  readonly loadedAt: EpochMillis
  readonly inForce: boolean
}

type By = Pick<EntryDraft, 'caller' | 'request_id' | 'trace'>
type InForceVersion = NonNullable<Awaited<ReturnType<PolicyHistory['inForce']>>>

/** Attempts of a start to put its policies in force. */
const START_ATTEMPTS = 3

export class PolicyControl {
  readonly #deps: PolicyDeps
  /** Follows what other PDPs put in force. */
  readonly inUse: PoliciesInUse

  constructor(deps: PolicyDeps) {
    this.#deps = deps
    this.inUse = new PoliciesInUse({
      inForce: async () => (await deps.policyHistory.inForce())?.version,
      compileKept: (version) => this.#compileKept(version),
    })
  }

  /** @throws Fault `relations_unavailable` where this PDP cannot use the version in force. */
  readonly current = (): InForce => this.inUse.current()

  /**
   * Loads the folder at start. If operators rolled back from the folder's version, the version they rolled back to stays in force. With other PDPs on
   * the database the version in force stays too where the folder's version has been in force before: a PDP with an older folder does not roll all of
   * them back by its start.
   *
   * @throws PolicyError when it cannot be loaded.
   */
  async start(): Promise<void> {
    const sources = await this.#deps.read()
    const policies = this.#compile(sources)
    for (let attempt = 1; ; attempt += 1)
      try {
        return await this.#startWith(sources, policies)
      } catch (error) {
        // Compiling blocks the process: on a busy machine long enough for a shared database to end the connection that holds the locks.
        const isLost = this.#deps.isShared && error instanceof Fault && error.code === 'relations_unavailable'
        if (!isLost || attempt === START_ATTEMPTS) throw error
      }
  }

  async #startWith(sources: PolicySources, policies: Policies): Promise<void> {
    // PDPs that start at the same time write one model, and name it in their answers.
    await this.#deps.locks.run(lockKey.policies(), async () => {
      const kept = await this.#deps.policyHistory.inForce()
      const inForce = kept && (await this.#stays(kept, policies.version))
      if (inForce?.sources.core === sources.core) {
        // Compiling takes most of a start, and an equal version has equal sources.
        const compiled = inForce.version === policies.version ? policies : this.#compile(inForce.sources)
        await this.#use(inForce.sources, compiled, kept?.insteadOf, {})
      } else await this.#use(sources, policies, undefined, {})
    })
  }

  /** @returns The version in force, where the folder's version does not replace it. */
  async #stays(kept: InForceVersion, inFolder: string): Promise<KeptPolicy | undefined> {
    const { isShared, policyHistory } = this.#deps
    const isOlder = isShared && (await policyHistory.byVersion(inFolder)) !== undefined
    return kept.insteadOf === inFolder || isOlder ? policyHistory.byVersion(kept.version) : undefined
  }

  /** Compiles a version that another PDP put in force. */
  async #compileKept(version: string): Promise<InForce> {
    const { policyHistory, register, engine, read } = this.#deps
    const kept = await policyHistory.byVersion(version)
    if (!kept) throw new Error('the database does not keep it')
    if (kept.sources.core !== (await read()).core) throw new Error('it is of another release')
    const modelId = await register.modelOf(engine.models.id, version)
    if (!modelId || !(await engine.models.hasModel(modelId))) throw new Error('the engine does not have its model')
    return { ...this.#compile(kept.sources), modelId }
  }

  /** Reads the folder again and puts it in force. On an error the present policies stay. */
  async load(by: Principal): Promise<PolicyView> {
    withRole(by, 'operator')
    return this.#change(async () => {
      const sources = await this.#deps.read()
      return this.#use(sources, this.#compile(sources), undefined, changeBy(by))
    })
  }

  /**
   * A version that was loaded before, for evaluations that are not enforced. For auditors and operators, since it is compiled for each call.
   *
   * @param version - Of all packs, or of one pack: then the newest that has it.
   */
  async kept(version: string, by: Principal): Promise<InForce> {
    const found = await this.#find(version, by)
    try {
      return await this.#compileKept(found.version)
    } catch (cause) {
      const detail =
        'policy: was loaded by another release of the PDP, or the relationship store does not have its model any more.'
      throw new Fault('conflict', detail, { cause, detail })
    }
  }

  /** The texts of a version, named as for {@link kept}. For auditors and operators. */
  async texts(version: string, by: Principal): Promise<PolicyTexts> {
    const found = await this.#find(version, by)
    const { core, packs } = found.sources
    return {
      version: found.version,
      core,
      packs: packs.map(({ name, model, manifest }) => ({ name, model, manifest })),
    }
  }

  /** @throws Fault `not_found`, and `forbidden` for other callers than auditors and operators. */
  async #find(version: string, by: Principal): Promise<KeptPolicy> {
    if (!by.roles.includes('auditor')) withRole(by, 'operator')
    const all = await this.#deps.policyHistory.all()
    const found = all.find((each) => each.version === version || each.version.split(' ').includes(version))
    if (found) return found
    throw refuse('not_found', 'policy: was never loaded here; GET /v1/policies lists those that were.')
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
    inForce: version === this.inUse.version,
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
    this.inUse.prepare({ ...policies, modelId })
    await transaction(async (within) => {
      await within.register.rememberModel(models.id, version, modelId)
      await within.policyHistory.put({ version, sources, loadedAt })
      await within.policyHistory.setInForce(version, insteadOf)
    })
    // With several PDPs the order of the log decides, which may have a later version by now.
    if (!this.#deps.isShared || this.inUse.version === undefined) this.inUse.expect(version)
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
