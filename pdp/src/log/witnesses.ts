/**
 * Asks witnesses to cosign a checkpoint before it is published (C2SP tlog-witness). It never rejects and never takes longer than it may: a witness
 * that is down costs a cosignature, not a publication.
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
import type { Post } from './outgoing.ts'
import { type ProvenTree, proveConsistency } from './prove.ts'

/**
 * Puts the cosignatures on a checkpoint of ours that are not on it yet. Never rejects.
 *
 * @returns `againInMs`: when those may be asked again that did not cosign; absent when all did.
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
  /** For all of them together. */
  readonly timeoutMs: number
  /** How long a witness that failed is left alone at first: twice as long each time, up to five minutes. @default 5000 */
  readonly pauseMs?: number | undefined
  /** Told when a witness begins to fail, and when it no longer does. */
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

/** One witness, and how far it is. */
class Asked {
  readonly #witness: Witness
  readonly #options: WitnessesOptions
  /** What it cosigned last, as far as is known. */
  #size = 0
  #pauseMs = 0
  #resumeAt = Number.NEGATIVE_INFINITY

  constructor(witness: Witness, options: WitnessesOptions) {
    this.#witness = witness
    this.#options = options
  }

  /** How long it is still left alone. */
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

  /** Asks, and once more from where the witness says that it is. */
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
    // Above ours: a start that has not caught up yet, or a log that was put back.
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
