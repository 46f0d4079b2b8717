/**
 * How much one caller may ask: by address before anything is verified, by name after. Decisions are counted: a batch is as many
 * as it has items, a search as many as it looks at. Administration has a rate of its own, so that a caller who asked too much can still revoke.
 *
 * @module
 */
import { ConcurrencyLimit, limitByAddress, limitConcurrency, RateLimit } from '@mandate/service'
import type { Request, RequestHandler } from 'express'
import type { Principal } from '../pap/pap.ts'
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
  const asking = ratesOf(options)
  const administering = ratesOf(options)
  const spendIn = (rates: Rates, name: string, decisions: number): Promise<void> =>
    (isPerson(name) ? rates.person : rates.service).spend(name, decisions)
  const spend = (by: Principal, decisions: number): Promise<void> => spendIn(asking, accountOf(by), decisions)
  const askingOfOne = new ConcurrencyLimit()
  const administeringOfOne = new ConcurrencyLimit()
  return {
    // Requests that ask cannot take the places of those that administer.
    concurrency: limitConcurrency(options.concurrent, (req) => (isAsking(req) ? 'asking' : 'administering')),
    byAddress: limitByAddress(options.addressPerSecond),
    byCaller: async (req, res, next) => {
      const name = accountOf(principalOf(res))
      const most = isPerson(name) ? options.personConcurrent : Math.max(1, options.concurrent >> 1)
      // A caller whose bodies or readers are slow would otherwise hold all the places.
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

interface Rates {
  readonly person: RateLimit
  readonly service: RateLimit
}

const ratesOf = ({ personPerMinute, personBurst, servicePerSecond }: LimitOptions): Rates => ({
  person: new RateLimit({ perSecond: personPerMinute / 60, burst: personBurst, unit: 'decisions' }),
  service: new RateLimit({ perSecond: servicePerSecond, unit: 'decisions' }),
})
