/**
 * The query index, on SQLite or PostgreSQL: a projection of the log, fed as entries are sequenced and caught up before every answer. On
 * PostgreSQL it is shared: what other PDPs log is found there as soon as they have fed it. It opens and catches up in the background, again
 * and again until it can: no decision waits for it.
 *
 * @module
 */
import { type DecisionFilter, encodeBundle, equalBytes, Fault, type LoggedEntry } from '@mandate/protocol'
import type { EntryIndex, IndexPage, IndexQuery, LogReader, RawEntry, TailOptions, TailPage } from '../ports/log.ts'
import { isPostgres } from './index-place.ts'
import { IndexThread } from './index-thread.ts'
import type { IndexReply, IndexRequest } from './index-worker.ts'

/** How long fresh entries may gather before they are indexed, when nobody asks. */
const FEED_AFTER_MS = 250
/** How often tails look for what other PDPs have logged, in milliseconds. */
const LOOK_EVERY_MS = 1_000
/** Entries a transaction. */
const MAX_FEED = 4_096
/** How long until it is opened again, in milliseconds: twice as long after each failure. Each try starts a thread. */
const REOPEN_AFTER_MS = { first: 1_000, most: 10_000 } as const

export interface IndexOptions {
  /** A file in a directory that exists, made when absent (0600); `:memory:`; or `postgres://…`, whose tables are made when absent. */
  readonly place: string
  readonly log: LogReader
  /** Throws away what is there and begins again from the log. @default false */
  readonly rebuild?: boolean
  /** How long a reader waits for an index that is being opened or built. @default as long as it takes */
  readonly deadlineMs?: number
  /** Told when opening begins to fail, and when feeding failed; it is tried again. */
  readonly onFault?: (error: unknown) => void
}

/** Starts to open the index of a log, and returns at once. Until it can be read, reading rejects with `index_unavailable`. */
export function startIndex(options: IndexOptions): EntryIndex {
  return new FedIndex(options)
}

/**
 * Opens the index of a log. One that is of another log, or ahead of this one, is rebuilt. Catching up goes on in the background.
 *
 * @throws Fault `index_unavailable` when the file cannot be opened, or PostgreSQL does not answer.
 */
export async function openIndex(options: IndexOptions): Promise<EntryIndex> {
  const index = new FedIndex(options)
  try {
    await index.opened()
    return index
  } catch (error) {
    await index.close()
    throw error
  }
}

class FedIndex implements EntryIndex {
  readonly #options: IndexOptions
  readonly #log: LogReader
  readonly #onFault: (error: unknown) => void
  readonly #unsubscribe: () => void
  #thread: IndexThread | undefined
  /** The first open that works; a failed one is followed by another. */
  #opening: Promise<IndexThread>
  /** Why the last try to open it failed. */
  #fault: Fault | undefined
  #next = 0
  #feeding: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #reopening: NodeJS.Timeout | undefined
  #reopenAfter: number = REOPEN_AFTER_MS.first
  #mustRebuild: boolean
  #isClosed = false
  /** Closed with more to take in than is worth waiting for. */
  #isStopping = false

  constructor(options: IndexOptions) {
    this.#options = options
    this.#log = options.log
    this.#onFault = options.onFault ?? (() => undefined)
    this.#mustRebuild = options.rebuild ?? false
    this.#unsubscribe = options.log.onSequenced(() => this.#feedSoon())
    this.#opening = this.#open()
    this.#opening.catch(() => undefined)
  }

  get isReady(): boolean {
    return this.#thread !== undefined && !this.#thread.isDead && this.#next + MAX_FEED >= this.#log.sequenced
  }

  /** Rejects when the present try to open it does. */
  async opened(): Promise<void> {
    await this.#opening
  }

  async query(query: IndexQuery, { party }: { readonly party?: string | undefined } = {}): Promise<IndexPage> {
    return (await this.#read({ op: 'query', query, party })) as IndexPage
  }

  async get(id: string): Promise<LoggedEntry | undefined> {
    return (await this.#read({ op: 'get', id })) as LoggedEntry | undefined
  }

  async tail(filter: DecisionFilter, options: TailOptions = {}): Promise<TailPage> {
    return (await this.#read({ op: 'tail', filter, options })) as TailPage
  }

  onMore(listener: () => void): () => void {
    const unsubscribe = this.#log.onSequenced(listener)
    const timer = isPostgres(this.#options.place) ? setInterval(listener, LOOK_EVERY_MS).unref() : undefined
    return () => {
      clearInterval(timer)
      unsubscribe()
    }
  }

  /** Takes in what is sequenced, when it is nearly there; then ends the thread. The rest is taken in after the next start. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    const isNear = this.isReady
    this.#isClosed = true
    this.#isStopping = !isNear
    this.#unsubscribe()
    clearTimeout(this.#timer)
    clearTimeout(this.#reopening)
    await this.#opening.catch(() => undefined)
    const thread = this.#thread
    if (!thread) return
    if (isNear) await this.#catchUp(thread).catch(this.#onFault)
    await this.#feeding?.catch(() => undefined)
    if (!thread.isDead) await thread.ask({ op: 'close' }).catch(this.#onFault)
    await thread.end()
  }

  /** Sees whether what is there belongs to this log, and starts to catch up. */
  async #open(): Promise<IndexThread> {
    const thread = new IndexThread({ place: this.#options.place, origin: this.#log.origin })
    try {
      this.#next = (await thread.ask({ op: 'next' })) as number
      if (this.#mustRebuild || !(await this.#isOfThisLog(thread))) {
        await thread.ask({ op: 'clear' })
        this.#next = 0
      }
      this.#mustRebuild = false
      this.#thread = thread
      this.#fault = undefined
      this.#reopenAfter = REOPEN_AFTER_MS.first
      this.#feedSoon()
      return thread
    } catch (error) {
      await thread.end()
      throw this.#openLater(error)
    }
  }

  /** Tells of the first failure in a row. */
  #openLater(error: unknown): Fault {
    const fault = error instanceof Fault ? error : unavailable('it cannot be opened', error)
    if (!this.#fault) this.#onFault(fault)
    this.#fault = fault
    this.#thread = undefined
    if (this.#isClosed) return fault
    clearTimeout(this.#reopening)
    this.#reopening = setTimeout(() => {
      this.#opening = this.#open()
      this.#opening.catch(() => undefined)
    }, this.#reopenAfter).unref()
    this.#reopenAfter = Math.min(this.#reopenAfter * 2, REOPEN_AFTER_MS.most)
    return fault
  }

  async #isOfThisLog(thread: IndexThread): Promise<boolean> {
    const last = this.#next - 1
    if (last < 0) return true
    if (last >= this.#log.sequenced) return false
    const held = (await thread.ask({ op: 'bytesAt', index: last })) as Uint8Array | undefined
    const [entry] = await this.#log.read(last)
    return held !== undefined && entry !== undefined && equalBytes(held, entry.bytes)
  }

  /** Everything sequenced before the call is considered, or it is refused. */
  async #read(request: IndexRequest): Promise<IndexReply> {
    const thread = await this.#inTime(this.#opened())
    await this.#inTime(this.#catchUp(thread))
    return thread.ask(request)
  }

  /** A thread that ended is followed by another one. */
  async #opened(): Promise<IndexThread> {
    if (this.#thread?.isDead) throw this.#openLater(await this.#thread.ask({ op: 'next' }).catch((fault) => fault))
    if (this.#fault) throw this.#fault
    return this.#opening
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    const { deadlineMs } = this.#options
    if (deadlineMs === undefined) return work
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const { sequenced } = this.#log
        const detail = `The index is being built: ${this.#next} of ${sequenced} entries. Try again later.`
        reject(new Fault('index_unavailable', detail, { detail }))
      }, deadlineMs)
      work.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  #feedSoon(): void {
    if (this.#timer || this.#isClosed || !this.#thread) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const thread = this.#thread
      if (!thread) return
      this.#catchUp(thread).catch((error: unknown) =>
        thread.isDead && thread === this.#thread ? this.#openLater(error) : this.#onFault(error),
      )
    }, FEED_AFTER_MS).unref()
  }

  /** Takes in everything that was sequenced before the call. */
  async #catchUp(thread: IndexThread): Promise<void> {
    const sequenced = this.#log.sequenced
    while (this.#next < sequenced && !this.#isStopping) {
      this.#feeding ??= this.#feed(thread).finally(() => {
        this.#feeding = undefined
      })
      await this.#feeding
    }
  }

  async #feed(thread: IndexThread): Promise<void> {
    const entries: RawEntry[] = []
    let from = this.#next
    while (entries.length < MAX_FEED && from < this.#log.sequenced) {
      const read = await this.#log.read(from)
      if (read.length === 0) break
      entries.push(...read)
      from += read.length
    }
    const bundle = encodeBundle(entries.map(({ bytes }) => bytes))
    await thread.ask({ op: 'add', first: this.#next, bundle })
    this.#next = from
  }
}

function unavailable(what: string, cause: unknown): Fault {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new Fault('index_unavailable', `index: ${what}: ${message}`, { cause })
}
