/**
 * Answers that go on: exports and tails. So many for one caller, none beyond the token and the session that opened it or the life of the
 * listener, and none whose reader has stopped reading.
 *
 * @module
 */
import { once } from 'node:events'
import { Fault } from '@mandate/protocol'
import type { Response } from 'express'
import type { SessionOf, Sessions } from '../ports/stores.ts'
import { principalOf } from './exchange.ts'

/** A connection on which nothing moved for so long is given up, in milliseconds. */
const STALLED_MS = 60_000

export class OpenStreams {
  readonly #perCaller: number
  readonly #sessions: Pick<Sessions, 'isEnded'>
  readonly #open = new Map<string, Map<AbortController, SessionOf | undefined>>()
  #isEnded = false

  /** @param perCaller - How many one caller may have open. */
  constructor(perCaller: number, sessions: Pick<Sessions, 'isEnded'>) {
    this.#perCaller = perCaller
    this.#sessions = sessions
  }

  /**
   * Counts an answer in until it is closed.
   *
   * @returns What says that it is to end: its reader left or stalled, its token expired, its session ended, or the PDP stops.
   * @throws Fault `too_many_requests` when the caller has as many open as there may be, `unauthenticated` when the session has just ended.
   */
  async enter(res: Response): Promise<AbortSignal> {
    const { name, expiresAt, session } = principalOf(res)
    const mine = this.#open.get(name) ?? new Map<AbortController, SessionOf | undefined>()
    if (this.#isEnded || mine.size >= this.#perCaller) throw new Fault('too_many_requests', 'open streams')
    const end = new AbortController()
    this.#open.set(name, mine.set(end, session))
    // By the clock that the token was verified by.
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
    // Looked up once it is counted in: a session that ends meanwhile is seen here or by endOfSessions.
    if (session && (await this.#sessions.isEnded(session))) {
      leave()
      throw new Fault('unauthenticated', 'the session has ended')
    }
    return end.signal
  }

  /** Ends those whose session has ended. */
  async endOfSessions(): Promise<void> {
    for (const [end, session] of [...this.#open.values()].flatMap((streams) => [...streams]))
      if (session && (await this.#sessions.isEnded(session))) end.abort()
  }

  /** Ends all there are, and lets none begin. */
  endAll(): void {
    this.#isEnded = true
    for (const streams of this.#open.values()) for (const end of streams.keys()) end.abort()
  }
}

/** Sends a piece, and waits while its reader lags behind. @returns `false` when it is over. */
export async function sendOn(res: Response, piece: string, end: AbortSignal): Promise<boolean> {
  if (end.aborted) return false
  if (!res.write(piece)) await once(res, 'drain', { signal: end }).catch(() => undefined)
  return !end.aborted
}
