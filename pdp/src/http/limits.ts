/**
 * Rate and concurrency limits: by address before authentication, by caller after it. Rates count decisions: a batch counts each item, a search each
 * candidate. Administration has separate limits, so that a caller whose evaluations are limited can still revoke.
 *
 * @module
 */
import { ConcurrencyLimit, limitByAddress, limitConcurrency, RateLimit } from '@mandate/service'
import type { Request, RequestHandler } from 'express'
import type { Principal } from '../pap/pap.ts'
import type { Rate, TokenBuckets } from '../ports/rates.ts'
import { accountOf, principalOf } from './exchange.ts'
import { SharedRate } from './shared-rate.ts'

export interface LimitOptions {
  /** Decisions per minute and burst for a person; the same numbers apply to administration requests. */
  readonly personPerMinute: number
  readonly personBurst: number
  /** Decisions per second for a service or an agent; the same number applies to administration requests. */
  readonly servicePerSecond: number
  /** Requests per second from one address (IPv6: one /64), authenticated or not; all services of a host share it. */
  readonly addressPerSecond: number
  /** AuthZEN requests in progress; separately as many administration requests. One service may use half of them. */
  readonly concurrent: number
  /** AuthZEN requests of one person in progress; separately as many administration requests. */
  readonly personConcurrent: number
  /** Open exports and live streams per caller. */
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

/** Bytes of a body that count as one decision: parsing costs time whatever the request asks. */
const BYTES_A_DECISION = 8_192

export interface Limits {
  readonly concurrency: RequestHandler
  readonly byAddress: RequestHandler
  readonly byCaller: RequestHandler
  /** Charges for the size of the body; runs when it has been read and not parsed. */
  readonly bySize: RequestHandler
  /** Charges for further decisions of a request; {@link byCaller} charged for the first. */
  readonly spend: (by: Principal, decisions: number) => Promise<void>
}

const isAsking = ({ path }: Request): boolean => /^\/access\//iu.test(path)
const isPerson = (name: string): boolean => name.startsWith('user:')

/** @param buckets - The token buckets that a person's limits are counted in together with other PDPs. @default in this process only */
export function createLimits(options: LimitOptions, buckets?: TokenBuckets): Limits {
  const asking = ratesOf(options, 'asking', buckets)
  const administering = ratesOf(options, 'administering', buckets)
  const spendIn = (rates: Rates, name: string, decisions: number): Promise<void> =>
    (isPerson(name) ? rates.person : rates.service).spend(name, decisions)
  const spend = (by: Principal, decisions: number): Promise<void> => spendIn(asking, accountOf(by), decisions)
  const askingOfOne = new ConcurrencyLimit()
  const administeringOfOne = new ConcurrencyLimit()
  return {
    // Separate limits: evaluations cannot use up the capacity of administration.
    concurrency: limitConcurrency(options.concurrent, (req) => (isAsking(req) ? 'asking' : 'administering')),
    byAddress: limitByAddress(options.addressPerSecond),
    byCaller: async (req, res, next) => {
      const name = accountOf(principalOf(res))
      const most = isPerson(name) ? options.personConcurrent : Math.max(1, options.concurrent >> 1)
      // Otherwise one caller with slow bodies or slow readers would use the whole capacity.
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
  readonly person: Rate
  readonly service: RateLimit
}

function ratesOf(
  { personPerMinute, personBurst, servicePerSecond }: LimitOptions,
  name: string,
  buckets: TokenBuckets | undefined,
): Rates {
  const ofPerson = { perSecond: personPerMinute / 60, burst: personBurst, unit: 'decisions' }
  return {
    person: buckets ? new SharedRate({ ...ofPerson, name, buckets }) : new RateLimit(ofPerson),
    service: new RateLimit({ perSecond: servicePerSecond, unit: 'decisions' }),
  }
}
