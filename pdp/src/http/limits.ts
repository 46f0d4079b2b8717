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
import type { Lane } from '../ports/workload.ts'
import { Admission } from './admission.ts'
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
  /** AuthZEN requests that are accepted, deciding or waiting; separately as many administration requests. One service may use half of them. */
  readonly concurrent: number
  /** Single decisions that are made at once; administration half of it, batches and searches an eighth. One caller gets a part of each. */
  readonly deciding: number
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
  deciding: 64,
  personConcurrent: 32,
  streams: 4,
}

/** Bytes of a body that count as one decision: parsing costs time whatever the request asks. */
const BYTES_A_DECISION = 8_192

/** Requests in progress of all callers, for each that may be accepted: what exceeds the bound of its caller is refused once the caller is known. */
const UNIDENTIFIED = 4

export interface Limits {
  readonly concurrency: Step
  readonly byAddress: Step
  readonly byCaller: Step
  /** Charges for the size of a body, in bytes, that has been read and not parsed. */
  readonly bySize: (by: Principal, bytes: number) => Promise<void>
  /** Charges for further decisions of a request; {@link byCaller} charged for the first. */
  readonly spend: (by: Principal, decisions: number) => Promise<void>
  /** Fair queues: of single decisions, of batches and searches, and of administration. */
  readonly admissions: Readonly<Record<Lane, Admission>>
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
    // Separate limits: evaluations cannot use up the capacity of administration. Callers are not known yet, so this protects memory alone.
    concurrency: (_req, res) => {
      all.begin(isAsking(res) ? 'asking' : 'administering', options.concurrent * UNIDENTIFIED, res)
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
    admissions: admissionsOf(options),
    bySize: (by, bytes) => spend(by, Math.floor(bytes / BYTES_A_DECISION)),
    spend,
  }
}

/** Longest wait without a deadline, in milliseconds. */
const MOST_WAIT_MS = { ask: 5_000, others: 10_000 } as const
/** Turns of a service for one of a person, since a service asks for many people. */
const SERVICE_WEIGHT = 8

function admissionsOf({ deciding, concurrent }: LimitOptions): Limits['admissions'] {
  const weightOf = (caller: string): number => (isPerson(caller) ? 1 : SERVICE_WEIGHT)
  const admission = (width: number, widthOfOne: number, mostWaitMs: number): Admission =>
    new Admission({ width, widthOfOne, mostWaiting: concurrent, mostWaitMs, weightOf })
  const [half, eighth] = [Math.ceil(deciding / 2), Math.max(2, deciding >> 3)]
  return {
    ask: admission(deciding, half, MOST_WAIT_MS.ask),
    bulk: admission(eighth, eighth >> 1, MOST_WAIT_MS.others),
    administer: admission(half, eighth, MOST_WAIT_MS.others),
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
