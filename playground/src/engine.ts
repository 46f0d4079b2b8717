/**
 * Runs plays in a worker thread with bounds of time and memory. A play that exceeds one ends the thread, and with it the plays under way beside it; the
 * next play gets a new thread. The process that serves the page never runs a pack's model itself.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { z } from 'zod'
import type {
  AskAnswer,
  askRequestSchema,
  CaseAnswer,
  CheckAnswer,
  caseRequestSchema,
  checkRequestSchema,
} from './api.ts'
import type { PackFrame } from './plays.ts'

/** One play. */
export type Play =
  | ({ readonly kind: 'check' } & z.infer<typeof checkRequestSchema>)
  | ({ readonly kind: 'case' } & z.infer<typeof caseRequestSchema>)
  | ({ readonly kind: 'ask' } & z.infer<typeof askRequestSchema>)

/** Result of a play, by its kind. */
export type PlayAnswer = CheckAnswer | CaseAnswer | AskAnswer

/** Messages of the worker thread. */
export type WorkerMessage =
  | { readonly ready: true }
  | { readonly id: number; readonly result: PlayAnswer }
  | { readonly id: number; readonly failure: string }

/** A play was not finished. The message is for the user of the page. */
export class PlayError extends Error {
  override readonly name = 'PlayError'
}

/** Options of {@link createPlayEngine}. */
export interface EngineOptions {
  readonly frame: PackFrame
  /** Milliseconds that one play may take once the thread is ready. @default 30000 */
  readonly limitMs?: number
  /** Megabytes of heap of the thread. @default 512 */
  readonly heapMb?: number
  /** Program of the thread. @default `worker.ts` */
  readonly entry?: URL
}

/** Runs plays. */
export interface PlayEngine {
  /** @throws PlayError */
  run(play: Play): Promise<PlayAnswer>
  close(): Promise<void>
}

const LIMIT_MS = 30_000
/** Modules are loaded in this time, also on a busy machine. */
const START_MS = 60_000
const HEAP_MB = 512
const WORKER = new URL('./worker.ts', import.meta.url)

/** Creates an engine; its thread starts with the first play. */
export function createPlayEngine(options: EngineOptions): PlayEngine {
  let thread: PlayThread | undefined
  return {
    run: async (play) => {
      if (thread === undefined || thread.isEnded) thread = new PlayThread(options)
      return thread.run(play)
    },
    close: async () => thread?.end('the playground is closed'),
  }
}

interface Pending {
  readonly resolve: (answer: PlayAnswer) => void
  readonly reject: (error: PlayError) => void
  readonly timer: NodeJS.Timeout
}

/** One worker thread with its temporary folder. */
class PlayThread {
  readonly #worker: Worker
  readonly #limitMs: number
  /** Data of the thread's PDPs. Ended threads cannot delete them. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'mandate-playground-'))
  readonly #ready = Promise.withResolvers<void>()
  readonly #pending = new Map<number, Pending>()
  #plays = 0
  #ended: Promise<void> | undefined

  constructor({ frame, limitMs = LIMIT_MS, heapMb = HEAP_MB, entry = WORKER }: EngineOptions) {
    this.#limitMs = limitMs
    this.#worker = new Worker(entry, {
      workerData: frame,
      env: { TMPDIR: this.#folder, TMP: this.#folder, TEMP: this.#folder },
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    })
    this.#worker.on('message', (message: WorkerMessage) => this.#receive(message))
    this.#worker.on('error', (error) => void this.end(reasonOf(error, heapMb)))
    this.#worker.on('exit', () => void this.end('the thread that plays has ended'))
    this.#ready.promise.catch(() => undefined)
  }

  get isEnded(): boolean {
    return this.#ended !== undefined
  }

  async run(play: Play): Promise<PlayAnswer> {
    const slowStart = setTimeout(() => void this.end('the playground did not start in time'), START_MS)
    await this.#ready.promise.finally(() => clearTimeout(slowStart))
    this.#plays += 1
    const id = this.#plays
    const { promise, resolve, reject } = Promise.withResolvers<PlayAnswer>()
    const timer = setTimeout(
      () => void this.end(`stopped: it took longer than ${this.#limitMs / 1_000} s`),
      this.#limitMs,
    )
    this.#pending.set(id, { resolve, reject, timer })
    this.#worker.postMessage({ id, play })
    return promise
  }

  /** Ends the thread; unfinished plays are rejected with the reason. */
  end(reason: string): Promise<void> {
    this.#ended ??= this.#worker.terminate().then(() => rmSync(this.#folder, { recursive: true, force: true }))
    this.#ready.reject(new PlayError(reason))
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer)
      reject(new PlayError(reason))
    }
    this.#pending.clear()
    return this.#ended
  }

  #receive(message: WorkerMessage): void {
    if ('ready' in message) {
      this.#ready.resolve()
      return
    }
    const pending = this.#pending.get(message.id)
    if (!pending) return
    clearTimeout(pending.timer)
    this.#pending.delete(message.id)
    if ('result' in message) pending.resolve(message.result)
    else pending.reject(new PlayError(message.failure))
  }
}

function reasonOf(error: unknown, heapMb: number): string {
  const isMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  if (isMemory) return `stopped: it needed more than ${heapMb} MB of memory`
  return error instanceof Error ? error.message : String(error)
}
