/**
 * The query index, on SQLite or PostgreSQL: a projection of the log, updated as entries are sequenced, and brought up to date before every query.
 * On PostgreSQL it is shared by several PDPs, each of which indexes its own log. It opens and catches up in the background and retries until
 * it succeeds; decisions do not wait for it.
 *
 * @module
 */
import { type DecisionFilter, encodeBundle, equalBytes, Fault, type LoggedEntry } from '@mandate/protocol'
import type { ConfiguredIssuer } from '../ports/configured-issuer.ts'
import type { EntryIndex, IndexPage, IndexQuery, LogReader, RawEntry, TailOptions, TailPage } from '../ports/log.ts'
import { isPostgres } from './index-place.ts'
import { IndexThread } from './index-thread.ts'
import type { IndexReply, IndexRequest } from './index-worker.ts'

/** How long new entries may wait before they are indexed when there is no query, in milliseconds. */
const FEED_AFTER_MS = 250
/** How often tails poll for entries of other PDPs, in milliseconds. */
const LOOK_EVERY_MS = 1_000
/** Most entries indexed in one transaction. */
const MAX_FEED = 4_096
/** Delay before the index is opened again, in milliseconds, doubled after each failure: each attempt starts a thread. */
const REOPEN_AFTER_MS = { first: 1_000, most: 10_000 } as const

export interface IndexOptions {
  /** File path (created with mode 0600 when absent; its directory must exist), `:memory:`, or `postgres://…` (tables are created when absent). */
  readonly place: string
  readonly log: LogReader
  /** Issuer that a shared index has to belong to. @default any: maintenance of an index */
  readonly issuer?: ConfiguredIssuer
  /** Deletes this log's part of the index and builds it anew. @default false */
  readonly rebuild?: boolean
  /** How long a query waits for an index that is being opened or built, in milliseconds. @default without limit */
  readonly deadlineMs?: number
  /** Called at the first of several failures to open, and at every failure to index; both are retried. */
  readonly onFault?: (error: unknown) => void
}

/** An index on PostgreSQL can get another user or password. */
export interface RunningIndex extends EntryIndex {
  /** @param url - Of the same database. New connections use it. */
  readonly replaceUrl: (url: string) => void
}

/** Starts to open the index of a log and returns at once. Queries reject with `index_unavailable` until it is open. */
export function startIndex(options: IndexOptions): RunningIndex {
  return new FedIndex(options)
}

/**
 * Opens the index of a log. An index of another log, or one with more entries than the log, is rebuilt. Catching up continues in the background.
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

class FedIndex implements RunningIndex {
  readonly #options: IndexOptions
  readonly #log: LogReader
  readonly #onFault: (error: unknown) => void
  readonly #unsubscribe: () => void
  #thread: IndexThread | undefined
  /** Resolves with the first successful opening. */
  #opening: Promise<IndexThread>
  /** The error of the last failed opening. */
  #fault: Fault | undefined
  #next = 0
  #place: string
  #feeding: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #reopening: NodeJS.Timeout | undefined
  #reopenAfter: number = REOPEN_AFTER_MS.first
  #mustRebuild: boolean
  #isClosed = false
  /** Closing without indexing the rest, which the next start does. */
  #isStopping = false

  constructor(options: IndexOptions) {
    this.#options = options
    this.#place = options.place
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

  get indexed(): number | undefined {
    return this.#thread === undefined || this.#thread.isDead ? undefined : this.#next
  }

  replaceUrl(url: string): void {
    this.#place = url
    // A thread that is being opened has the former URL: it is told when it is open.
    this.#opening.then((thread) => thread.ask({ op: 'replaceUrl', url: this.#place })).catch(() => undefined)
  }

  /** Rejects when the current attempt to open fails. */
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

  /** Indexes what is sequenced if little is missing, then ends the thread. The next start indexes the rest. */
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

  /** Checks that the index belongs to this log, and starts to catch up. */
  async #open(): Promise<IndexThread> {
    const thread = new IndexThread({
      place: this.#place,
      origin: this.#log.origin,
      issuer: this.#options.issuer,
    })
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

  /** Reports the first of consecutive failures. */
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

  /** Covers every entry sequenced before the call, or rejects. */
  async #read(request: IndexRequest): Promise<IndexReply> {
    const thread = await this.#inTime(this.#opened())
    await this.#inTime(this.#catchUp(thread))
    return thread.ask(request)
  }

  /** Starts a new thread when the previous one ended. */
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

  /** Indexes every entry sequenced before the call. */
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
