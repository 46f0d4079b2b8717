/**
 * Progress of a run as server-sent events. Each event holds the complete run, so a client that connects late or reconnects needs no earlier event.
 *
 * @module
 */
import type { Authz } from '@mandate/pep'
import { Fault } from '@mandate/protocol'
import type { Response } from 'express'
import type { Run } from './run.ts'
import type { RunStore } from './store.ts'

/** Open streams per person, at most. */
const MAX_OPEN = 5
/** Interval of the keep-alive comment, so that proxies do not close an idle connection. */
const KEEP_ALIVE_MS = 15_000

export class RunEvents {
  readonly #store: Pick<RunStore, 'follow'>
  readonly #open = new Map<string, number>()
  readonly #ends = new Set<() => void>()

  constructor(store: Pick<RunStore, 'follow'>) {
    this.#store = store
  }

  /**
   * Streams the run and each of its changes until the run ends or the caller's token expires.
   *
   * @throws Fault `too_many_requests` when the person has too many streams open.
   */
  answer(res: Response, run: Run, { expiresAt }: Pick<Authz, 'expiresAt'>): void {
    const open = this.#open.get(run.subject) ?? 0
    if (open >= MAX_OPEN) throw new Fault('too_many_requests', 'too many streams', { members: { retry_after: 5 } })
    this.#open.set(run.subject, open + 1)
    res.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    const send = (state: Run): void => {
      res.write(`event: run\ndata: ${JSON.stringify(state)}\n\n`)
      if (state.ended_at !== undefined) res.end()
    }
    const end = (): void => void res.end()
    const unfollow = this.#store.follow(run.id, send)
    const keepAlive = setInterval(() => res.write(':\n\n'), KEEP_ALIVE_MS)
    const expiry = setTimeout(end, Math.max(0, expiresAt * 1_000 - Date.now()))
    this.#ends.add(end)
    res.once('close', () => {
      unfollow()
      clearInterval(keepAlive)
      clearTimeout(expiry)
      this.#ends.delete(end)
      this.#countClosed(run.subject)
    })
    send(run)
  }

  /** Ends every stream: an open one would keep the listener from closing. */
  close(): void {
    for (const end of this.#ends) end()
  }

  #countClosed(subject: string): void {
    const open = (this.#open.get(subject) ?? 1) - 1
    if (open > 0) this.#open.set(subject, open)
    else this.#open.delete(subject)
  }
}
