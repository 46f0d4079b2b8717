/**
 * Imports tuples into a store of OpenFGA, and verifies them one by one.
 *
 * @module
 */
import { isSameTuple, keyText, type Tuple, type TupleKey } from '../tuples/tuples.ts'
import { CLAIM_TYPE } from './claim.ts'
import type { FgaStore } from './store.ts'
import { MARKER_TYPE } from './writer.ts'

/** OpenFGA's default for `OPENFGA_MAX_TUPLES_PER_WRITE`. */
const MOST_TUPLES = 100
/** Half of OpenFGA's limit on a request, in bytes of UTF-8. */
const MOST_BYTES = 256 * 1024

/** The store holds something else than was imported. The message is for the operator. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused'
}

export interface Importing {
  readonly store: Pick<FgaStore, 'write' | 'readAll'>
  /** Tuples, by the id of a model in the store that allows them. */
  readonly tuples: readonly { readonly modelId: string; readonly tuples: readonly Tuple[] }[]
}

/**
 * Writes the tuples that the store does not have, then reads all tuples of the store back. May be repeated after it was cut off.
 *
 * @returns How many were written, and how many are there.
 * @throws ImportRefused for a store that holds other tuples; Fault `relations_unavailable`.
 */
export async function importTuples({
  store,
  tuples,
}: Importing): Promise<{ readonly written: number; readonly verified: number }> {
  const wanted = new Map(tuples.flatMap((group) => group.tuples).map((tuple) => [keyText(tuple), tuple]))
  const present = await readOwn(store)
  requireKnown(present, wanted)
  let written = 0
  for (const group of tuples) {
    const missing = group.tuples.filter((tuple) => !present.has(keyText(tuple)))
    for (const writes of batchesOf(missing)) {
      if (!(await store.write({ writes, deletes: [] }, group.modelId)))
        throw new ImportRefused('another program writes to the store at the same time: stop it, and try again')
      written += writes.length
    }
  }
  const stored = await readOwn(store)
  requireKnown(stored, wanted)
  if (stored.size !== wanted.size)
    throw new ImportRefused(`the store has ${stored.size} tuples, and not the ${wanted.size} that were written`)
  return { written, verified: stored.size }
}

/** Tuples in the Writes that hold them. */
function batchesOf(tuples: readonly Tuple[]): readonly (readonly Tuple[])[] {
  const batches: Tuple[][] = []
  let bytes = 0
  for (const tuple of tuples) {
    const size = Buffer.byteLength(JSON.stringify(tuple))
    bytes += size
    const last = batches.at(-1)
    if (last && last.length < MOST_TUPLES && bytes <= MOST_BYTES) last.push(tuple)
    else {
      batches.push([tuple])
      bytes = size
    }
  }
  return batches
}

/** All tuples by their keys, without those that each PDP writes for itself. */
async function readOwn(store: Pick<FgaStore, 'readAll'>): Promise<ReadonlyMap<string, Tuple>> {
  const found = new Map<string, Tuple>()
  for await (const page of store.readAll())
    for (const tuple of page) if (!isInternal(tuple)) found.set(keyText(tuple), tuple)
  return found
}

const isInternal = ({ object }: TupleKey): boolean =>
  [CLAIM_TYPE, MARKER_TYPE].some((type) => object.startsWith(`${type}:`))

/** @throws ImportRefused for a tuple that is not among those wanted, or differs from it. */
function requireKnown(present: ReadonlyMap<string, Tuple>, wanted: ReadonlyMap<string, Tuple>): void {
  for (const [key, tuple] of present) {
    const one = wanted.get(key)
    const kind = `${tuple.object.split(':')[0]}#${tuple.relation}`
    if (!one) throw new ImportRefused(`the store has a tuple of ${kind} that is not in pdp.db: use an empty store`)
    if (!isSameTuple(one, tuple)) throw new ImportRefused(`a tuple of ${kind} differs from that in pdp.db`)
  }
}
