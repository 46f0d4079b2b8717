/**
 * Gives back the memory that a start needed and the running process does not: young generation that grew while modules were loaded, code that runs
 * once. V8 would keep it, since a server that is idle allocates too little for a collection that shrinks the heap.
 *
 * @module
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** After the start, in milliseconds: the first requests, which a restart leaves waiting, are answered first. */
const AFTER_MS = 3_000

/** Collects once, some seconds from now, and shrinks the heap; stops the process for about 100 ms then (ADR 0106). */
export function releaseStartMemory(): void {
  setTimeout(() => {
    // The collector is offered to scripts only behind this flag; the context that has it is dropped again.
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    setFlagsFromString('--no-expose-gc')
    if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  }, AFTER_MS).unref()
}
