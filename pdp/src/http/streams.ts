/**
 * Registry of streaming responses (exports and live streams). Limits them per caller, and ends each when its token expires, its session ends, its
 * person is erased, its reader stalls or disconnects, or the PDP stops.
 *
 * @module
 */
import { once } from 'node:events'
import { Fault } from '@mandate/protocol'
import type { Response } from 'express'
import type { ReadBarrier } from '../ports/invalidations.ts'
import type { SessionOf, Sessions, Vault } from '../ports/stores.ts'
import { principalOf } from './exchange.ts'

/** A connection without progress for this long is closed, in milliseconds. */
const STALLED_MS = 60_000

export interface OpenStreamsDeps {
  readonly sessions: Pick<Sessions, 'isEnded' | 'whenEnded'>
  readonly vault: Pick<Vault, 'subOf'>
  readonly barrier: Pick<ReadBarrier, 'pass' | 'listen'>
}

export class OpenStreams {
  readonly #perCaller: number
  readonly #deps: OpenStreamsDeps
  readonly #open = new Map<string, Map<AbortController, SessionOf | undefined>>()
  #isEnded = false

  /** @param perCaller - Open streams per caller, at most. */
  constructor(perCaller: number, deps: OpenStreamsDeps) {
    this.#perCaller = perCaller
    this.#deps = deps
    // Sessions that another PDP ended, and people whom any PDP erased, are announced in the invalidation log.
    deps.sessions.whenEnded(() => void this.endOfSessions())
    deps.barrier.listen({
      apply: (event) => {
        if (event.kind === 'note' && event.topic === 'person') void this.endOfSessions()
      },
      reset: () => void this.endOfSessions(),
    })
  }

  /**
   * Registers a response until it is closed.
   *
   * @returns A signal, aborted when the response must end.
   * @throws Fault `too_many_requests` when the caller has reached the limit, `unauthenticated` when the session has just ended.
   */
  async enter(res: Response): Promise<AbortSignal> {
    const { name, expiresAt, session } = principalOf(res)
    const mine = this.#open.get(name) ?? new Map<AbortController, SessionOf | undefined>()
    if (this.#isEnded || mine.size >= this.#perCaller) throw new Fault('too_many_requests', 'open streams')
    const end = new AbortController()
    this.#open.set(name, mine.set(end, session))
    // The same clock that verified the token.
    const lasts = expiresAt === undefined ? STALLED_MS : Math.max(0, expiresAt - Date.now())
    const timer = setTimeout(() => end.abort(), lasts).unref()
    res.setTimeout(STALLED_MS, () => res.destroy())
    const leave = (): void => {
      clearTimeout(timer)
      end.abort()
      mine.delete(end)
      if (mine.size === 0 && this.#open.get(name) === mine) this.#open.delete(name)
    }
    if (res.closed) leave()
    else res.once('close', leave)
    // Checked after registration: a session that ends meanwhile is found here or by endOfSessions.
    if (session && (await this.#isOver(session))) {
      leave()
      throw new Fault('unauthenticated', 'the session has ended')
    }
    return end.signal
  }

  /** Ends the streams of sessions that have ended, and of people who were erased. Never rejects. */
  async endOfSessions(): Promise<void> {
    for (const [end, session] of [...this.#open.values()].flatMap((streams) => [...streams]))
      if (session && (await this.#isOver(session))) end.abort()
  }

  /** `true` also for a session that cannot be checked. */
  async #isOver(session: SessionOf): Promise<boolean> {
    const { sessions, vault } = this.#deps
    try {
      return sessions.isEnded(session) || (await vault.subOf(session.person)) === undefined
    } catch {
      return true
    }
  }

  /**
   * Writes a chunk, and waits for `drain` when the reader is slow. Passes the read barrier first, so that nothing is sent after the session's end was
   * answered by any PDP; a stream whose session cannot be checked ends.
   *
   * @param end - What `enter` resolved with.
   * @returns `false` when the stream has ended.
   */
  async send(res: Response, piece: string, end: AbortSignal): Promise<boolean> {
    if (end.aborted) return false
    try {
      await this.#deps.barrier.pass()
    } catch {
      return false
    }
    await this.endOfSessions()
    if (end.aborted) return false
    if (!res.write(piece)) await once(res, 'drain', { signal: end }).catch(() => undefined)
    return !end.aborted
  }

  /** Ends every stream, and rejects new ones. */
  endAll(): void {
    this.#isEnded = true
    for (const streams of this.#open.values()) for (const end of streams.keys()) end.abort()
  }
}
