/**
 * Asks witnesses to cosign a checkpoint before it is published (C2SP tlog-witness). Never rejects and never exceeds its time limit: an unreachable
 * witness costs a cosignature, not a publication.
 *
 * @see {@link https://c2sp.org/tlog-witness tlog-witness}
 * @module
 */
import {
  formatAddCheckpoint,
  formatSignatures,
  type NoteSignature,
  parseNote,
  parseSize,
  verifyCosignatures,
  WITNESS_SIZE_TYPE,
  type WitnessKey,
} from '@mandate/protocol'
import type { Post } from '../runtime/outgoing.ts'
import { type ProvenTree, proveConsistency } from './prove.ts'

/**
 * Adds the missing cosignatures to a checkpoint. Never rejects.
 *
 * @returns `againInMs`: delay before the witnesses that did not cosign may be asked again; absent when all did.
 */
export type Cosign = (tree: ProvenTree) => Promise<{ readonly checkpoint: string; readonly againInMs?: number }>

export interface Witness {
  /** Submission prefix. */
  readonly url: string
  readonly key: WitnessKey
}

export interface WitnessesOptions {
  readonly witnesses: readonly Witness[]
  readonly post: Post
  /** Time limit for all witnesses together, in milliseconds. */
  readonly timeoutMs: number
  /** Delay before a failed witness is asked again, in milliseconds; doubled each time, up to five minutes. @default 5000 */
  readonly pauseMs?: number | undefined
  /** Called when a witness starts to fail, and when it recovers. */
  readonly onFault: (error: unknown) => void
}

const PAUSE_MS = 5_000
const MAX_PAUSE_MS = 300_000

export function createCosign(options: WitnessesOptions): Cosign {
  const all = options.witnesses.map((witness) => new Asked(witness, options))
  return async (tree) => {
    const deadline = performance.now() + options.timeoutMs
    const missing: Asked[] = []
    for (const witness of all) if (!(await witness.isOn(tree.checkpoint))) missing.push(witness)
    const given = await Promise.all(missing.map((witness) => witness.cosign(tree, deadline)))
    const checkpoint = `${tree.checkpoint}${formatSignatures(given.flat())}`
    const late = missing.filter((_, index) => given[index]?.length === 0).map((witness) => witness.resumeInMs)
    return late.length === 0 ? { checkpoint } : { checkpoint, againInMs: Math.min(...late) }
  }
}

/** A witness with the state of its cosigning. */
class Asked {
  readonly #witness: Witness
  readonly #options: WitnessesOptions
  /** Size of the last tree known to be cosigned. */
  #size = 0
  #pauseMs = 0
  #resumeAt = Number.NEGATIVE_INFINITY

  constructor(witness: Witness, options: WitnessesOptions) {
    this.#witness = witness
    this.#options = options
  }

  /** Remaining delay before it may be asked again, in milliseconds. */
  get resumeInMs(): number {
    return Math.max(0, this.#resumeAt - performance.now())
  }

  async isOn(checkpoint: string): Promise<boolean> {
    const verdict = await verifyCosignatures(parseNote(checkpoint), [this.#witness.key])
    return verdict.ok && verdict.cosigned.length > 0
  }

  async cosign(tree: ProvenTree, deadline: number): Promise<readonly NoteSignature[]> {
    if (performance.now() < this.#resumeAt) return []
    try {
      const signature = await this.#ask(tree, deadline)
      this.#pauseMs = 0
      return signature
    } catch (error) {
      this.#pauseMs = Math.min(MAX_PAUSE_MS, this.#pauseMs * 2 || (this.#options.pauseMs ?? PAUSE_MS))
      this.#resumeAt = performance.now() + this.#pauseMs
      const cause = error instanceof Error ? error : new Error(String(error))
      this.#options.onFault(new Error(`witness ${this.#witness.key.name} did not cosign: ${cause.message}`, { cause }))
      return []
    }
  }

  /** Asks for a cosignature; after 409 once more, from the size that the witness names. */
  async #ask(tree: ProvenTree, deadline: number): Promise<readonly NoteSignature[]> {
    const first = await this.#send(tree, deadline)
    const { status, type, body } = first.status === 409 ? await this.#catchUp(first, tree, deadline) : first
    if (status !== 200) throw new Error(`it answers ${status}${type === WITNESS_SIZE_TYPE ? ` ${body.trim()}` : ''}`)
    const verdict = await verifyCosignatures(parseNote(`${tree.checkpoint}${body}`), [this.#witness.key])
    const cosigned = verdict.ok ? verdict.cosigned : []
    if (cosigned.length === 0) throw new Error(verdict.ok ? 'it gave no cosignature by its key' : verdict.objection)
    this.#size = tree.edge.size
    return cosigned.map(({ signature }) => signature)
  }

  async #catchUp(refusal: Awaited<ReturnType<Post>>, tree: ProvenTree, deadline: number): ReturnType<Post> {
    const size = refusal.type === WITNESS_SIZE_TYPE ? parseSize(refusal.body.trimEnd()) : undefined
    if (size === undefined) return refusal
    // The witness knows a larger tree than ours: this process has not caught up yet, or the log was restored from a backup.
    if (size > tree.edge.size) throw new Error(`it has seen ${size} entries, and we have ${tree.edge.size}`)
    this.#size = size
    return this.#send(tree, deadline)
  }

  async #send(tree: ProvenTree, deadline: number): ReturnType<Post> {
    const oldSize = Math.min(this.#size, tree.edge.size)
    const proof = await proveConsistency(tree, oldSize)
    const body = formatAddCheckpoint({ oldSize, proof, checkpoint: tree.checkpoint })
    const timeoutMs = Math.max(1, deadline - performance.now())
    return this.#options.post(`${this.#witness.url}/add-checkpoint`, body, timeoutMs)
  }
}
