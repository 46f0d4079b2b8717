/**
 * How much one caller may ask: by address before anything is verified, by name after (design 7).
 *
 * @module
 */
import { addressBlock, Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { BurstyRateLimiter, RateLimiterMemory } from 'rate-limiter-flexible'
import { principalOf } from './exchange.ts'

export interface LimitOptions {
  /** Requests a minute and extra at once for a person. */
  readonly personPerMinute: number
  readonly personBurst: number
  /** Requests a second for a service or an agent. */
  readonly servicePerSecond: number
  /** Requests a second from one address (IPv6: one /64), verified or not: all of a host's services together. */
  readonly addressPerSecond: number
  /** Requests under way at the same time. */
  readonly concurrent: number
  /** Exports and tails that one caller may have open. */
  readonly streams: number
}

export const DEFAULT_LIMITS: LimitOptions = {
  personPerMinute: 1_000,
  personBurst: 100,
  servicePerSecond: 20_000,
  addressPerSecond: 40_000,
  concurrent: 1_024,
  streams: 4,
}

export interface Limits {
  readonly concurrency: RequestHandler
  readonly byAddress: RequestHandler
  readonly byCaller: RequestHandler
}

export function createLimits(options: LimitOptions): Limits {
  const address = new RateLimiterMemory({ points: options.addressPerSecond, duration: 1 })
  const service = new RateLimiterMemory({ points: options.servicePerSecond, duration: 1 })
  const person = new BurstyRateLimiter(
    new RateLimiterMemory({ points: options.personPerMinute / 60, duration: 1, keyPrefix: 'person' }),
    new RateLimiterMemory({ points: options.personBurst, duration: 60, keyPrefix: 'burst' }),
  )
  return {
    concurrency: concurrencyLimit(options.concurrent),
    byAddress: async (req, _res, next) => {
      await consume(address, addressBlock(req.ip ?? ''))
      next()
    },
    byCaller: async (_req, res, next) => {
      const { name } = principalOf(res)
      await consume(name.startsWith('user:') ? person : service, name)
      next()
    },
  }
}

async function consume(limiter: Pick<RateLimiterMemory, 'consume'>, key: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (cause) {
    // The limiter rejects with its state when the limit is reached, and with an Error when it is broken.
    if (cause instanceof Error) throw cause
    throw new Fault('too_many_requests', 'rate limit')
  }
}

function concurrencyLimit(most: number): RequestHandler {
  let underWay = 0
  return (_req, res, next) => {
    if (underWay >= most) {
      next(new Fault('too_many_requests', 'concurrency limit'))
      return
    }
    underWay += 1
    res.once('close', () => {
      underWay -= 1
    })
    next()
  }
}
