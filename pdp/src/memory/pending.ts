/**
 * Changes that were announced and whose outcome is not known yet: memory may not hold their tuples.
 *
 * @module
 */
import type { TupleName } from '../ports/invalidations.ts'
import { isResolvedIn } from '../runtime/resolved-in.ts'
import { isTouchedBy, type TupleQuery } from '../tuples/source.ts'

interface PendingChange {
  readonly keys: readonly TupleName[]
  /** When this process heard of it, by its monotonic clock. */
  readonly since: number
  readonly closed: PromiseWithResolvers<void>
}

export class PendingChanges {
  readonly #changes = new Map<string, PendingChange>()
  readonly #byObject = new Map<string, Set<PendingChange>>()
  readonly #byUser = new Map<string, Set<PendingChange>>()

  get size(): number {
    return this.#changes.size
  }

  open(change: string, keys: readonly TupleName[]): void {
    // A change may be announced again, with other keys: by its second Write, or after a restart of its writer.
    const known = this.#changes.get(change)
    if (known) this.#remove(known)
    const pending = {
      keys: [...(known?.keys ?? []), ...keys],
      since: known?.since ?? performance.now(),
      closed: known?.closed ?? Promise.withResolvers<void>(),
    }
    this.#changes.set(change, pending)
    for (const { object, user } of pending.keys) {
      add(this.#byObject, object, pending)
      add(this.#byUser, user, pending)
    }
  }

  /** @returns The tuples that are not pending by this change any more; `undefined` for a change that was not pending. */
  close(change: string): readonly TupleName[] | undefined {
    const pending = this.#changes.get(change)
    if (!pending) return undefined
    this.#changes.delete(change)
    this.#remove(pending)
    pending.closed.resolve()
    return pending.keys
  }

  clear(): void {
    for (const change of [...this.#changes.keys()]) this.close(change)
  }

  isPending(query: TupleQuery): boolean {
    return this.#of(query) !== undefined
  }

  /**
   * Waits until the query is not pending, for `ms` at most from when its change was heard of: what has been pending for longer is not waited for.
   *
   * @returns Whether the query is not pending any more.
   */
  async settled(query: TupleQuery, ms: number): Promise<boolean> {
    for (let pending = this.#of(query); pending; pending = this.#of(query)) {
      const left = pending.since + ms - performance.now()
      if (left <= 0 || !(await isResolvedIn(pending.closed.promise, left))) return false
    }
    return true
  }

  #of(query: TupleQuery): PendingChange | undefined {
    if (this.#changes.size === 0) return undefined
    const changes = query.kind === 'reverse' ? this.#byUser.get(query.user) : this.#byObject.get(query.object)
    for (const change of changes ?? []) if (change.keys.some((name) => isTouchedBy(query, name))) return change
    return undefined
  }

  #remove(pending: PendingChange): void {
    for (const { object, user } of pending.keys) {
      remove(this.#byObject, object, pending)
      remove(this.#byUser, user, pending)
    }
  }
}

function add(map: Map<string, Set<PendingChange>>, key: string, change: PendingChange): void {
  const changes = map.get(key)
  if (changes) changes.add(change)
  else map.set(key, new Set([change]))
}

function remove(map: Map<string, Set<PendingChange>>, key: string, change: PendingChange): void {
  const changes = map.get(key)
  changes?.delete(change)
  if (changes?.size === 0) map.delete(key)
}
