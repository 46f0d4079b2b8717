/**
 * Anchors: copies of every published checkpoint, appended to a file and posted to an HTTP endpoint outside the PDP's control. No publication waits
 * for an anchor. A slow or unreachable anchor gets the missed checkpoints later, up to a bound, and then only the newest.
 *
 * @module
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Post } from '../runtime/outgoing.ts'

export interface AnchorsOptions {
  /** File that each checkpoint is appended to, followed by an empty line. */
  readonly file?: string | undefined
  /** URL that each checkpoint is posted to. */
  readonly url?: string | undefined
  readonly post: Post
  readonly onFault: (error: unknown) => void
}

export interface Anchors {
  /** Queues a checkpoint and returns at once. */
  readonly add: (checkpoint: string) => void
  /** Waits for requests in flight, two seconds at most. */
  readonly close: () => Promise<void>
}

const MAX_WAITING = 1_000
const RETRY_MS = 5_000
const POST_MS = 5_000
const CLOSE_MS = 2_000
const FILE_MODE = 0o600

export function createAnchors({ file, url, post, onFault }: AnchorsOptions): Anchors {
  const anchors: Anchor[] = []
  if (file !== undefined) anchors.push(new Anchor(`anchor ${file}`, (note) => appendNote(file, note), onFault))
  if (url !== undefined) anchors.push(new Anchor(`anchor ${url}`, (note) => postNote(post, url, note), onFault))
  return {
    add: (checkpoint) => {
      for (const anchor of anchors) anchor.add(checkpoint)
    },
    close: async () => void (await Promise.all(anchors.map((anchor) => anchor.close()))),
  }
}

/** Appends to the file; durable when it resolves. */
async function appendNote(path: string, note: string): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, FILE_MODE)
  try {
    await handle.appendFile(`${note}\n`)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

async function postNote(post: Post, url: string, note: string): Promise<void> {
  const { status } = await post(url, note, POST_MS)
  if (status < 200 || status > 299) throw new Error(`it answers ${status}`)
}

class Anchor {
  readonly #name: string
  readonly #send: (note: string) => Promise<void>
  readonly #onFault: (error: unknown) => void
  #waiting: string[] = []
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isFailing = false

  constructor(name: string, send: (note: string) => Promise<void>, onFault: (error: unknown) => void) {
    this.#name = name
    this.#send = send
    this.#onFault = onFault
  }

  add(note: string): void {
    this.#waiting.push(note)
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift()
    if (!this.#timer) this.#running ??= this.#drain()
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#running ??= this.#drain()
    await Promise.race([this.#running, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())])
    clearTimeout(this.#timer)
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    try {
      for (let note = this.#waiting[0]; note !== undefined; note = this.#waiting[0]) {
        await this.#send(note)
        if (this.#waiting[0] === note) this.#waiting.shift()
      }
      this.#isFailing = false
    } catch (cause) {
      if (!this.#isFailing) this.#onFault(new Error(`${this.#name} does not take checkpoints`, { cause }))
      this.#isFailing = true
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        this.#running = this.#drain()
      }, RETRY_MS).unref()
    }
    this.#running = undefined
  }
}
