/**
 * How much one caller may ask: by address before anything is verified, by name after. What counts are decisions: a batch is as many
 * as it has items, a search as many as it looks at. Administration has an allowance of its own, so that whoever asked too much can still revoke.
 *
 * @module
 */
import { addressBlock, Fault } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { Principal } from '../pap/pap.ts'
import { Allowance } from './allowance.ts'
import { accountOf, principalOf } from './exchange.ts'

export interface LimitOptions {
  /** Decisions a minute and extra at once for a person, and as many requests that administer. */
  readonly personPerMinute: number
  readonly personBurst: number
  /** Decisions a second for a service or an agent, and as many requests that administer. */
  readonly servicePerSecond: number
  /** Requests a second from one address (IPv6: one /64), verified or not: all of a host's services together. */
  readonly addressPerSecond: number
  /** Requests that ask under way at the same time, and as many that administer. One service has at most half of them. */
  readonly concurrent: number
  /** Requests that ask of one person under way at the same time, and as many that administer. */
  readonly personConcurrent: number
  /** Exports and tails that one caller may have open. */
  readonly streams: number
}

export const DEFAULT_LIMITS: LimitOptions = {
  personPerMinute: 1_000,
  personBurst: 100,
  servicePerSecond: 20_000,
  addressPerSecond: 40_000,
  concurrent: 1_024,
  personConcurrent: 32,
  streams: 4,
}

/** Bytes of a body that count as one decision: reading it has its price whatever it asks. */
const BYTES_A_DECISION = 8_192

export interface Limits {
  readonly concurrency: RequestHandler
  readonly byAddress: RequestHandler
  readonly byCaller: RequestHandler
  /** Behind the body, before it is parsed. */
  readonly bySize: RequestHandler
  /** Counts further decisions of a request, the first of which {@link byCaller} counted. */
  readonly spend: (by: Principal, decisions: number) => Promise<void>
}

const isAsking = ({ path }: Request): boolean => /^\/access\//iu.test(path)
const isPerson = (name: string): boolean => name.startsWith('user:')

export function createLimits(options: LimitOptions): Limits {
  const address = new RateLimiterMemory({ points: options.addressPerSecond, duration: 1 })
  const asking = allowancesOf(options)
  const administering = allowancesOf(options)
  const spendIn = (allowances: Allowances, name: string, decisions: number): Promise<void> =>
    (isPerson(name) ? allowances.person : allowances.service).spend(name, decisions)
  const spend = (by: Principal, decisions: number): Promise<void> => spendIn(asking, accountOf(by), decisions)
  const askingOfOne = new UnderWay()
  const administeringOfOne = new UnderWay()
  return {
    concurrency: concurrencyLimit(options.concurrent),
    byAddress: async (req, _res, next) => {
      await consume(address, addressBlock(req.ip ?? ''))
      next()
    },
    byCaller: async (req, res, next) => {
      const name = accountOf(principalOf(res))
      const most = isPerson(name) ? options.personConcurrent : Math.max(1, options.concurrent >> 1)
      // One whose bodies or readers are slow would hold all the places else.
      ;(isAsking(req) ? askingOfOne : administeringOfOne).begin(name, most, res)
      await spendIn(isAsking(req) ? asking : administering, name, 1)
      next()
    },
    bySize: async (req, res, next) => {
      const body: unknown = req.body
      if (body instanceof Uint8Array) await spend(principalOf(res), Math.floor(body.length / BYTES_A_DECISION))
      next()
    },
    spend,
  }
}

interface Allowances {
  readonly person: Allowance
  readonly service: Allowance
}

const allowancesOf = ({ personPerMinute, personBurst, servicePerSecond }: LimitOptions): Allowances => ({
  person: new Allowance({ perSecond: personPerMinute / 60, burst: personBurst }),
  service: new Allowance({ perSecond: servicePerSecond }),
})

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (cause) {
    // The limiter rejects with its state when the limit is reached, and with an Error when it is broken.
    if (cause instanceof Error) throw cause
    throw new Fault('too_many_requests', 'rate limit')
  }
}

/** How many requests of each name are under way. */
class UnderWay {
  readonly #counts = new Map<string, number>()

  /** @throws Fault `too_many_requests` when there are as many already. */
  begin(name: string, most: number, res: Response): void {
    const count = this.#counts.get(name) ?? 0
    if (count >= most) throw new Fault('too_many_requests', 'concurrency limit')
    this.#counts.set(name, count + 1)
    res.once('close', () => {
      const left = (this.#counts.get(name) ?? 1) - 1
      if (left > 0) this.#counts.set(name, left)
      else this.#counts.delete(name)
    })
  }
}

/** What asks cannot take the place of what administers. */
function concurrencyLimit(most: number): RequestHandler {
  const underWay = new UnderWay()
  return (req, res, next) => {
    underWay.begin(isAsking(req) ? 'asking' : 'administering', most, res)
    next()
  }
}
