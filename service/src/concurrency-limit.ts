/**
 * Concurrency limits: how many requests of one name, or of all, are under way at the same time in this process.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import { tooManyRequests } from './rate-limit.ts'

/** Counts the requests under way by name. */
export class ConcurrencyLimit {
  readonly #counts = new Map<string, number>()

  /**
   * Counts a request until its response is sent or its connection is gone. One whose connection is gone already is not counted: its response
   * does not close a second time.
   *
   * @param most - How many of the name may be under way, this one included.
   * @throws Fault `too_many_requests` when there are as many already.
   */
  begin(name: string, most: number, res: ServerResponse): void {
    const count = this.#counts.get(name) ?? 0
    if (count >= most) throw tooManyRequests('concurrency limit')
    if (res.closed) return
    this.#counts.set(name, count + 1)
    res.once('close', () => {
      const left = (this.#counts.get(name) ?? 1) - 1
      if (left > 0) this.#counts.set(name, left)
      else this.#counts.delete(name)
    })
  }
}

/**
 * Refuses a request when `most` of its class are under way. Classes do not take each other's places.
 *
 * @param classOf - By default all requests are of one class.
 */
export function limitConcurrency(
  most: number,
  classOf: (req: Parameters<RequestHandler>[0]) => string = () => '',
): RequestHandler {
  const limit = new ConcurrencyLimit()
  return (req, res, next) => {
    limit.begin(classOf(req), most, res)
    next()
  }
}
