/**
 * How much one caller may ask of a service: by address before anything is verified, by person and by client after. Counted in this
 * process alone: several replicas let in as many times as much.
 *
 * @module
 */
import { addressBlock, Fault } from '@mandate/protocol'
import type { Request, RequestHandler } from 'express'
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { authzOf, refOf } from './authz.ts'

export interface LimitOptions {
  /** Requests a minute for a person, spread evenly, and how many more at once. */
  readonly personPerMinute: number
  readonly personBurst: number
  /** Requests a second for a service or an agent, for whomever it acts. */
  readonly servicePerSecond: number
  /** Requests a second from one address (IPv6: one /64), verified or not. */
  readonly addressPerSecond: number
  /** Requests under way at the same time. */
  readonly concurrent: number
}

export const DEFAULT_LIMITS: LimitOptions = {
  personPerMinute: 1_000,
  personBurst: 100,
  servicePerSecond: 1_000,
  addressPerSecond: 2_000,
  concurrent: 256,
}

/** Each goes on, or ends the request with Fault `too_many_requests`. */
export interface Limits {
  /** Stands before `authenticate()`: concurrency, then the address. */
  readonly atTheDoor: RequestHandler[]
  /** Stands behind `authenticate()`: a person's request counts for the person, and for the client when it comes through another one. */
  readonly byCaller: RequestHandler
}

export function createLimits(options: LimitOptions): Limits {
  const { personPerMinute, personBurst, servicePerSecond, addressPerSecond, concurrent } = options
  const address = new RateLimiterMemory({ points: addressPerSecond, duration: 1 })
  const service = new RateLimiterMemory({ points: servicePerSecond, duration: 1 })
  const person = new BurstyRateLimiter(
    new RateLimiterMemory({ points: personPerMinute / 60, duration: 1 }),
    new RateLimiterMemory({ points: personBurst, duration: 60 }),
  )
  const byAddress = passing((req) => consume(address, addressBlock(req.ip ?? '')))
  return {
    atTheDoor: [concurrencyLimit(concurrent), byAddress],
    byCaller: passing(async (req) => {
      for (const party of partiesOf(authzOf(req))) await consume(party.type === 'user' ? person : service, refOf(party))
    }),
  }
}

/** Express 4 does not see a rejected promise. */
function passing(work: (req: Request) => Promise<void>): RequestHandler {
  return (req, _res, next) => {
    work(req).then(() => next(), next)
  }
}

function partiesOf({ subject, actor }: ReturnType<typeof authzOf>) {
  return actor === undefined ? [subject] : [actor, subject]
}

async function consume(limiter: Pick<RateLimiterMemory, 'consume'>, key: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (cause) {
    if (!(cause instanceof RateLimiterRes)) throw cause
    throw tooMany('rate limit', Math.max(1, Math.ceil(cause.msBeforeNext / 1_000)))
  }
}

function concurrencyLimit(most: number): RequestHandler {
  let underWay = 0
  return (_req, res, next) => {
    if (underWay >= most) throw tooMany('concurrency limit', 1)
    underWay += 1
    res.once('close', () => {
      underWay -= 1
    })
    next()
  }
}

const tooMany = (which: string, retryAfter: number): Fault =>
  new Fault('too_many_requests', which, { members: { retry_after: retryAfter } })
