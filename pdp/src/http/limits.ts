/**
 * Rate and concurrency limits: by address before authentication, by caller after it. Rates count decisions: a batch counts each item, a search each
 * candidate. Administration has separate limits, so that a caller whose evaluations are limited can still revoke.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import { addressBlock } from '@mandate/protocol'
import { ConcurrencyLimit, RateLimit } from '@mandate/service'
import type { Principal } from '../pap/pap.ts'
import type { Rate, TokenBuckets } from '../ports/rates.ts'
import { accountOf, exchangeOf, principalOf } from './exchange.ts'
import { SharedRate } from './shared-rate.ts'
import type { Step } from './step.ts'

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
  readonly concurrency: Step
  readonly byAddress: Step
  readonly byCaller: Step
  /** Charges for the size of a body, in bytes, that has been read and not parsed. */
  readonly bySize: (by: Principal, bytes: number) => Promise<void>
  /** Charges for further decisions of a request; {@link byCaller} charged for the first. */
  readonly spend: (by: Principal, decisions: number) => Promise<void>
}

const isAsking = (res: ServerResponse): boolean => /^\/access\//iu.test(exchangeOf(res).path)
const isPerson = (name: string): boolean => name.startsWith('user:')

/** @param buckets - The token buckets that a person's limits are counted in together with other PDPs. @default in this process only */
export function createLimits(options: LimitOptions, buckets?: TokenBuckets): Limits {
  const asking = ratesOf(options, 'asking', buckets)
  const administering = ratesOf(options, 'administering', buckets)
  const spendIn = (rates: Rates, name: string, decisions: number): Promise<void> =>
    (isPerson(name) ? rates.person : rates.service).spend(name, decisions)
  const spend = (by: Principal, decisions: number): Promise<void> => spendIn(asking, accountOf(by), decisions)
  const all = new ConcurrencyLimit()
  const ofAddresses = new RateLimit({ perSecond: options.addressPerSecond })
  const askingOfOne = new ConcurrencyLimit()
  const administeringOfOne = new ConcurrencyLimit()
  return {
    // Separate limits: evaluations cannot use up the capacity of administration.
    concurrency: (_req, res) => {
      all.begin(isAsking(res) ? 'asking' : 'administering', options.concurrent, res)
      return undefined
    },
    byAddress: (_req, res) => ofAddresses.spend(addressBlock(exchangeOf(res).address)),
    byCaller: (_req, res) => {
      const name = accountOf(principalOf(res))
      const most = isPerson(name) ? options.personConcurrent : Math.max(1, options.concurrent >> 1)
      // Otherwise one caller with slow bodies or slow readers would use the whole capacity.
      ;(isAsking(res) ? askingOfOne : administeringOfOne).begin(name, most, res)
      return spendIn(isAsking(res) ? asking : administering, name, 1)
    },
    bySize: (by, bytes) => spend(by, Math.floor(bytes / BYTES_A_DECISION)),
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
