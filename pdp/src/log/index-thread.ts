/**
 * Client of the query index's worker thread: sends requests, matches replies.
 *
 * @module
 */
import { Worker } from 'node:worker_threads'
import { Fault } from '@mandate/protocol'
import type { IndexAnswer, IndexReply, IndexRequest, IndexThreadData } from './index-worker.ts'

/** Young generation of the thread, in MB: it would grow to 48 MB while the thread loads its modules, and indexing is no faster with it. */
const YOUNG_MB = 4

interface Pending {
  readonly resolve: (reply: IndexReply) => void
  readonly reject: (fault: Fault) => void
}

export class IndexThread {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  #requests = 0
  #dead: Fault | undefined

  constructor(data: IndexThreadData) {
    this.#worker = new Worker(new URL('./index-worker.ts', import.meta.url), {
      workerData: data,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    this.#worker.on('message', (answer: IndexAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#die(error))
    this.#worker.on('exit', () => this.#die(new Error('the index thread ended')))
    this.#worker.unref()
  }

  get isDead(): boolean {
    return this.#dead !== undefined
  }

  /** @throws Fault `index_unavailable`, also when the thread has ended, with its error as the cause. */
  ask(request: IndexRequest): Promise<IndexReply> {
    if (this.#dead) return Promise.reject(this.#dead)
    this.#requests += 1
    const number = this.#requests
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject })
      this.#worker.ref()
      // A bundle is handed over, not copied: it is several megabytes under load.
      this.#worker.postMessage({ number, request }, request.op === 'add' ? [request.bundle.buffer] : [])
    })
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle({ number, reply, fault }: IndexAnswer): void {
    const pending = this.#pending.get(number)
    this.#pending.delete(number)
    if (this.#pending.size === 0) this.#worker.unref()
    if (!fault) {
      pending?.resolve(reply)
      return
    }
    pending?.reject(new Fault(fault.code, fault.message, fault.detail === undefined ? {} : { detail: fault.detail }))
  }

  #die(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause)
    this.#dead ??= new Fault('index_unavailable', `the index does not answer: ${message}`, { cause })
    for (const { reject } of this.#pending.values()) reject(this.#dead)
    this.#pending.clear()
  }
}
