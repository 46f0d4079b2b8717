/**
 * Worker thread of the query index, so that counting a million entries does not block decisions. Started by {@link file://./index-thread.ts};
 * handles one request after another.
 *
 * @module
 */
import { closeSync, openSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { type DecisionFilter, decodeBundle, Fault, type LoggedEntry, type ProblemCode } from '@mandate/protocol'
import type { ConfiguredIssuer } from '../ports/configured-issuer.ts'
import type { IndexPage, IndexQuery, TailOptions, TailPage } from '../ports/log.ts'
import { isPostgres } from './index-place.ts'
import { IndexStore } from './index-store.ts'
import { PostgresIndexStore } from './postgres-store.ts'

/** Data that the thread is started with. */
export interface IndexThreadData {
  /** A file, `:memory:`, or `postgres://…`. */
  readonly place: string
  readonly origin: string
  readonly issuer?: ConfiguredIssuer | undefined
}

export type IndexRequest =
  | { readonly op: 'next' }
  | { readonly op: 'clear' }
  | { readonly op: 'bytesAt'; readonly index: number }
  /** `bundle` is transferred: the sender cannot use it afterwards. */
  | { readonly op: 'add'; readonly first: number; readonly bundle: Uint8Array<ArrayBuffer> }
  | { readonly op: 'query'; readonly query: IndexQuery; readonly party: string | undefined }
  | { readonly op: 'get'; readonly id: string }
  | { readonly op: 'tail'; readonly filter: DecisionFilter; readonly options: TailOptions }
  /** The same database by another user or password. */
  | { readonly op: 'replaceUrl'; readonly url: string }
  | { readonly op: 'close' }

export type IndexReply = number | undefined | Uint8Array | IndexPage | LoggedEntry | TailPage

export interface IndexAnswer {
  readonly number: number
  readonly reply?: IndexReply
  readonly fault?: { readonly code: ProblemCode; readonly message: string; readonly detail: string | undefined }
}

type Store = IndexStore | PostgresIndexStore

async function perform(store: Store, request: IndexRequest): Promise<IndexReply> {
  switch (request.op) {
    case 'next':
      return store.next()
    case 'bytesAt':
      return store.bytesAt(request.index)
    case 'query':
      return store.query(request.query, request.party)
    case 'get':
      return store.get(request.id)
    case 'tail':
      return store.tail(request.filter, request.options)
    case 'add': {
      const { entries } = decodeBundle(request.bundle)
      await store.add(entries.map((bytes, offset) => ({ index: request.first + offset, bytes })))
      return undefined
    }
    case 'clear':
      await store.clear()
      return undefined
    case 'replaceUrl':
      if (store instanceof PostgresIndexStore) store.replaceUrl(request.url)
      return undefined
    case 'close':
      await store.close()
      return undefined
  }
}

async function answer(store: Store, number: number, request: IndexRequest): Promise<IndexAnswer> {
  try {
    return { number, reply: await perform(store, request) }
  } catch (error) {
    const fault = error instanceof Fault ? error : new Fault(codeOf(error), `index: ${String(error)}`)
    return { number, fault: { code: fault.code, message: fault.message, detail: fault.detail } }
  }
}

/** A full disk or a damaged file becomes `index_unavailable`; other errors are programming errors. */
const codeOf = (error: unknown): ProblemCode =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR' ? 'index_unavailable' : 'internal'

function openStore({ place, origin, issuer }: IndexThreadData): Store {
  if (isPostgres(place)) return new PostgresIndexStore(place, origin, issuer)
  if (place !== ':memory:') closeSync(openSync(place, 'a', 0o600))
  return new IndexStore(place, origin)
}

if (parentPort) {
  const port = parentPort
  const store = openStore(workerData as IndexThreadData)
  let last = Promise.resolve()
  port.on('message', ({ number, request }: { readonly number: number; readonly request: IndexRequest }) => {
    last = last.then(async () => {
      port.postMessage(await answer(store, number, request))
      if (request.op === 'close') port.close()
    })
  })
}
