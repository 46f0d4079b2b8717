/**
 * The query index, on SQLite or PostgreSQL: a projection of the log, fed as entries are sequenced and caught up before every answer. On
 * PostgreSQL it is shared: what other PDPs log is found there as soon as they have fed it.
 *
 * @module
 */
import { Worker } from 'node:worker_threads'
import { type DecisionFilter, encodeBundle, equalBytes, Fault, type LoggedEntry } from '@mandate/protocol'
import { isPostgres } from './index-place.ts'
import type { IndexAnswer, IndexReply, IndexRequest, IndexThreadData } from './index-worker.ts'
import type { EntryIndex, IndexPage, IndexQuery, LogReader, RawEntry, TailOptions, TailPage } from './port.ts'

/** How long fresh entries may gather before they are indexed, when nobody asks. */
const FEED_AFTER_MS = 250
/** How often tails look for what other PDPs have logged, in milliseconds. */
const LOOK_EVERY_MS = 1_000
/** Entries a transaction. */
const MAX_FEED = 4_096

export interface IndexOptions {
  /** A file in a directory that exists, made when absent (0600); `:memory:`; or `postgres://…`, whose tables are made when absent. */
  readonly place: string
  readonly log: LogReader
  /** Throws away what is there and begins again from the log. @default false */
  readonly rebuild?: boolean
  /** Told when feeding failed; it is tried again with the next entry or query. */
  readonly onFault?: (error: unknown) => void
}

/**
 * Opens the index of a log. One that is of another log, or ahead of this one, is rebuilt. Catching up goes on behind the call's back.
 *
 * @throws Fault `internal` when the file cannot be opened, `index_unavailable` when PostgreSQL does not answer.
 */
export async function openIndex(options: IndexOptions): Promise<EntryIndex> {
  const index = new FedIndex(options)
  try {
    await index.begin(options.rebuild ?? false)
    return index
  } catch (error) {
    await index.abandon()
    throw error
  }
}

interface Pending {
  readonly resolve: (reply: IndexReply) => void
  readonly reject: (fault: Fault) => void
}

class FedIndex implements EntryIndex {
  readonly #log: LogReader
  readonly #onFault: (error: unknown) => void
  readonly #thread: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #unsubscribe: () => void
  readonly #isShared: boolean
  #dead: Fault | undefined
  #requests = 0
  #next = 0
  #feeding: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor({ place, log, onFault = () => undefined }: IndexOptions) {
    this.#log = log
    this.#onFault = onFault
    this.#isShared = isPostgres(place)
    const workerData: IndexThreadData = { place, origin: log.origin }
    this.#thread = new Worker(new URL('./index-worker.ts', import.meta.url), { workerData })
    this.#thread.on('message', (answer: IndexAnswer) => this.#settle(answer))
    this.#thread.on('error', (error) => this.#die(error))
    this.#thread.on('exit', () => this.#die(new Error('the index thread ended')))
    this.#unsubscribe = log.onSequenced(() => this.#feedSoon())
  }

  /** Sees whether what is there belongs to this log, and starts to catch up. */
  async begin(rebuild: boolean): Promise<void> {
    this.#next = (await this.#ask({ op: 'next' })) as number
    if (rebuild || !(await this.#isOfThisLog())) {
      await this.#ask({ op: 'clear' })
      this.#next = 0
    }
    this.#feedSoon()
  }

  /** Ends the thread of an index that could not be opened. */
  async abandon(): Promise<void> {
    this.#isClosed = true
    this.#unsubscribe()
    await this.#thread.terminate()
  }

  async query(query: IndexQuery, { party }: { readonly party?: string | undefined } = {}): Promise<IndexPage> {
    await this.#catchUp()
    return (await this.#ask({ op: 'query', query, party })) as IndexPage
  }

  async get(id: string): Promise<LoggedEntry | undefined> {
    await this.#catchUp()
    return (await this.#ask({ op: 'get', id })) as LoggedEntry | undefined
  }

  async tail(filter: DecisionFilter, options: TailOptions = {}): Promise<TailPage> {
    await this.#catchUp()
    return (await this.#ask({ op: 'tail', filter, options })) as TailPage
  }

  onMore(listener: () => void): () => void {
    const unsubscribe = this.#log.onSequenced(listener)
    const timer = this.#isShared ? setInterval(listener, LOOK_EVERY_MS).unref() : undefined
    return () => {
      clearInterval(timer)
      unsubscribe()
    }
  }

  /** Takes in what is sequenced, then ends the thread. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unsubscribe()
    clearTimeout(this.#timer)
    await this.#catchUp().catch(this.#onFault)
    await this.#ask({ op: 'close' }).catch(this.#onFault)
    await this.#thread.terminate()
  }

  async #isOfThisLog(): Promise<boolean> {
    const last = this.#next - 1
    if (last < 0) return true
    if (last >= this.#log.sequenced) return false
    const held = (await this.#ask({ op: 'bytesAt', index: last })) as Uint8Array | undefined
    const [entry] = await this.#log.read(last)
    return held !== undefined && entry !== undefined && equalBytes(held, entry.bytes)
  }

  #feedSoon(): void {
    if (this.#timer || this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#catchUp().catch(this.#onFault)
    }, FEED_AFTER_MS).unref()
  }

  /** Takes in everything that was sequenced before the call. */
  async #catchUp(): Promise<void> {
    const sequenced = this.#log.sequenced
    while (this.#next < sequenced) {
      this.#feeding ??= this.#feed().finally(() => {
        this.#feeding = undefined
      })
      await this.#feeding
    }
  }

  async #feed(): Promise<void> {
    const entries: RawEntry[] = []
    let from = this.#next
    while (entries.length < MAX_FEED && from < this.#log.sequenced) {
      const read = await this.#log.read(from)
      if (read.length === 0) break
      entries.push(...read)
      from += read.length
    }
    const bundle = encodeBundle(entries.map(({ bytes }) => bytes))
    await this.#ask({ op: 'add', first: this.#next, bundle })
    this.#next = from
  }

  #ask(request: IndexRequest): Promise<IndexReply> {
    if (this.#dead) return Promise.reject(this.#dead)
    this.#requests += 1
    const number = this.#requests
    return new Promise((resolve, reject) => {
      this.#pending.set(number, { resolve, reject })
      this.#thread.ref()
      this.#thread.postMessage({ number, request })
    })
  }

  #settle({ number, reply, fault }: IndexAnswer): void {
    const pending = this.#pending.get(number)
    this.#pending.delete(number)
    if (this.#pending.size === 0) this.#thread.unref()
    if (!fault) {
      pending?.resolve(reply)
      return
    }
    pending?.reject(new Fault(fault.code, fault.message, fault.detail === undefined ? {} : { detail: fault.detail }))
  }

  #die(cause: unknown): void {
    this.#dead ??= new Fault('internal', 'the index does not answer', { cause })
    for (const { reject } of this.#pending.values()) reject(this.#dead)
    this.#pending.clear()
  }
}
