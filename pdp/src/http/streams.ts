/**
 * Answers that go on: exports and tails. So many for one caller, none beyond the token that opened it or the life of the listener, and none
 * whose reader has stopped reading.
 *
 * @module
 */
import { once } from 'node:events'
import { Fault } from '@mandate/protocol'
import type { Response } from 'express'
import { principalOf } from './exchange.ts'

/** A connection on which nothing moved for so long is given up, in milliseconds. */
const STALLED_MS = 60_000

export class OpenStreams {
  readonly #perCaller: number
  readonly #open = new Map<string, Set<AbortController>>()
  #isEnded = false

  /** @param perCaller - How many one caller may have open. */
  constructor(perCaller: number) {
    this.#perCaller = perCaller
  }

  /**
   * Counts an answer in until it is closed.
   *
   * @returns What says that it is to end: its reader left or stalled, its token expired, or the PDP stops.
   * @throws Fault `too_many_requests` when the caller has as many open as there may be.
   */
  enter(res: Response): AbortSignal {
    const { name, expiresAt } = principalOf(res)
    const mine = this.#open.get(name) ?? new Set()
    if (this.#isEnded || mine.size >= this.#perCaller) throw new Fault('too_many_requests', 'open streams')
    const end = new AbortController()
    this.#open.set(name, mine.add(end))
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
    return end.signal
  }

  /** Ends all there are, and lets none begin. */
  endAll(): void {
    this.#isEnded = true
    for (const streams of this.#open.values()) for (const end of streams) end.abort()
  }
}

/** Sends a piece, and waits while its reader lags behind. @returns `false` when it is over. */
export async function sendOn(res: Response, piece: string, end: AbortSignal): Promise<boolean> {
  if (end.aborted) return false
  if (!res.write(piece)) await once(res, 'drain', { signal: end }).catch(() => undefined)
  return !end.aborted
}
