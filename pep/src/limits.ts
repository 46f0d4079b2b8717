/**
 * How much one caller may ask of a service: by address before anything is verified, by person and by client after. Counted in this
 * process alone: several replicas let in as many times as much.
 *
 * @module
 */
import { limitByAddress, limitConcurrency, RateLimit } from '@mandate/service'
import type { Request, RequestHandler } from 'express'
import { authzOf } from './authz.ts'
import { refOf } from './subject.ts'

/** Limits of requests by person, service and address, and of requests under way. */
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

/** Limits that suit a service of medium size; those of the PDP are set by `PDP_…`. */
export const DEFAULT_LIMITS: LimitOptions = {
  personPerMinute: 1_000,
  personBurst: 100,
  servicePerSecond: 1_000,
  addressPerSecond: 2_000,
  concurrent: 256,
}

/** Each middleware calls `next()`, or throws Fault `too_many_requests`. */
export interface Limits {
  /** Mount it before `authenticate()`: concurrency, then the address. */
  readonly atTheDoor: RequestHandler[]
  /** Mount it after `authenticate()`: a person's request counts for the person, and for the client when it comes through another one. */
  readonly byCaller: RequestHandler
}

/** Rate and concurrency limits, counted in the memory of this process: several processes each allow the whole. */
export function createLimits(options: LimitOptions): Limits {
  const { personPerMinute, personBurst, servicePerSecond, addressPerSecond, concurrent } = options
  const service = new RateLimit({ perSecond: servicePerSecond })
  const person = new RateLimit({ perSecond: personPerMinute / 60, burst: personBurst })
  const spend = async (req: Request): Promise<void> => {
    for (const party of partiesOf(authzOf(req))) await (party.type === 'user' ? person : service).spend(refOf(party))
  }
  return {
    atTheDoor: [limitConcurrency(concurrent), limitByAddress(addressPerSecond)],
    byCaller: (req, _res, next) => {
      // Express 4 does not see a rejected promise.
      spend(req).then(() => next(), next)
    },
  }
}

function partiesOf({ subject, actor }: ReturnType<typeof authzOf>) {
  return actor === undefined ? [subject] : [actor, subject]
}
