/**
 * The compiled policies that this PDP uses, and how it follows what another PDP of the database puts in force. Requests that arrived before the change
 * was loaded are decided by the former version, later ones by the new version or not at all.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { z } from 'zod'
import type { InForce } from '../policy/pack.ts'
import type { InvalidationEvent, InvalidationListener } from '../ports/invalidations.ts'

export interface PoliciesInUseOptions {
  /** The version in force in the database. */
  readonly inForce: () => Promise<string | undefined>
  /** Loads and compiles a version that was put in force before. Rejects when this PDP cannot use it. */
  readonly compileKept: (version: string) => Promise<InForce>
}

/** Least time between two attempts to use a version that could not be used, in milliseconds. */
const AGAIN_AFTER_MS = 1_000
/** Data of a note of topic `policy`. */
const policyNote = z.object({ version: z.string() })

export class PoliciesInUse implements InvalidationListener {
  readonly #options: PoliciesInUseOptions
  #current: InForce | undefined
  /** What this PDP is about to put in force. */
  #next: InForce | undefined
  /** The version that another PDP put in force and that this one does not use yet. */
  #awaited: string | undefined
  /** Why the awaited version cannot be used: nothing is decided meanwhile. */
  #refusal: { readonly fault: Fault; readonly at: number } | undefined

  constructor(options: PoliciesInUseOptions) {
    this.#options = options
  }

  /** @throws Fault `relations_unavailable` where this PDP cannot use the version in force. */
  readonly current = (): InForce => {
    if (this.#refusal) throw this.#refusal.fault
    if (this.#current) return this.#current
    throw new Fault('internal', 'policies are asked for before they were loaded')
  }

  /** The version in force, whether this PDP can use it or not. */
  get version(): string | undefined {
    return this.#awaited ?? this.#current?.version
  }

  /** Why nothing is decided, for operators. */
  get refusal(): string | undefined {
    return this.#refusal?.fault.detail
  }

  /** Prepares what this PDP puts in force: it is used from the turn in which that is committed. */
  prepare(policies: InForce): void {
    this.#next = policies
  }

  /** A version is in force. */
  expect(version: string): void {
    const usable = [this.#next, this.#current].find((policies) => policies?.version === version)
    this.#awaited = usable ? undefined : version
    if (!usable) return
    this.#current = usable
    this.#refusal = undefined
  }

  apply(event: InvalidationEvent): void {
    if (event.kind === 'note' && event.topic === 'policy') this.expect(policyNote.parse(JSON.parse(event.data)).version)
  }

  reset(): void {}

  async load(): Promise<() => void> {
    const version = await this.#options.inForce()
    return () => {
      if (version !== undefined) this.expect(version)
    }
  }

  async settle(): Promise<void> {
    const version = this.#awaited
    if (version === undefined || (this.#refusal && performance.now() < this.#refusal.at + AGAIN_AFTER_MS)) return
    try {
      const policies = await this.#options.compileKept(version)
      if (this.#awaited !== version) return
      this.#next = policies
      this.expect(version)
    } catch (cause) {
      this.#refusal = { fault: notUsable(version, cause), at: performance.now() }
    }
  }
}

function notUsable(version: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new Fault('relations_unavailable', `the policies in force cannot be used: ${why}`, {
    cause,
    detail: `Another PDP put the policies ${version} in force, and this one cannot use them: ${why}.`,
  })
}
