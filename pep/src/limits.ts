/**
 * How much one caller may ask of a service: by address before anything is verified, by person and by client after. Counted in this
 * process alone: several replicas let in as many times as much.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import { addressBlock } from '@mandate/protocol'
import { ConcurrencyLimit, RateLimit } from '@mandate/service'
import type { RequestHandler } from 'express'
import { type Authz, authzOf } from './authz.ts'
import type { PepOptions } from './options.ts'
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

/** Options of `createPep` for Fastify, Hono and NestJS. */
export interface LimitedPepOptions extends PepOptions {
  /** Counted by the adapter on every route with a guard, open ones included. @default none */
  readonly limits?: LimitOptions
}

/** The limits, for any framework. Each throws Fault `too_many_requests`. */
export interface LimitChecks {
  /** Before anything is verified. The request counts as under way until its response is sent. @param address - Absent: only concurrency is limited. */
  readonly atTheDoor: (address: string | undefined, res: ServerResponse | undefined) => Promise<void>
  /** A person's request counts for the person, and for the client when it comes through another one. */
  readonly byCaller: (authz: Authz) => Promise<void>
}

/** Each middleware calls `next()`, or throws Fault `too_many_requests`. */
export interface Limits {
  /** Mount it before `authenticate()`: concurrency, then the address. */
  readonly atTheDoor: RequestHandler[]
  /** Mount it after `authenticate()`: a person's request counts for the person, and for the client when it comes through another one. */
  readonly byCaller: RequestHandler
}

/**
 * For Express: rate and concurrency limits, counted in the memory of this process; several processes each allow the whole. The other adapters take them
 * as the option `limits` of `createPep`.
 *
 * @throws TypeError for a limit that is no positive number.
 */
export function createLimits(options: LimitOptions): Limits {
  const checks = createLimitChecks(options)
  return {
    // Express 4 does not see a rejected promise.
    atTheDoor: [(req, res, next) => void checks.atTheDoor(req.ip, res).then(() => next(), next)],
    byCaller: (req, _res, next) => {
      Promise.resolve()
        .then(() => checks.byCaller(authzOf(req)))
        .then(() => next(), next)
    },
  }
}

/** @throws TypeError for a limit that is no positive number. */
export function createLimitChecks(options: LimitOptions): LimitChecks {
  checkLimits(options)
  const { personPerMinute, personBurst, servicePerSecond, addressPerSecond, concurrent } = options
  const service = new RateLimit({ perSecond: servicePerSecond })
  const person = new RateLimit({ perSecond: personPerMinute / 60, burst: personBurst })
  const addresses = new RateLimit({ perSecond: addressPerSecond })
  const underWay = new ConcurrencyLimit()
  return {
    atTheDoor: async (address, res) => {
      if (res) underWay.begin('', concurrent, res)
      if (address !== undefined) await addresses.spend(addressBlock(address))
    },
    byCaller: async (authz) => {
      for (const party of partiesOf(authz)) await (party.type === 'user' ? person : service).spend(refOf(party))
    },
  }
}

function checkLimits(options: LimitOptions): void {
  const bad = Object.keys(DEFAULT_LIMITS).filter((name) => {
    const value: unknown = options[name as keyof LimitOptions]
    return !(typeof value === 'number' && (value > 0 || (name === 'personBurst' && value === 0)))
  })
  if (bad.length > 0) throw new TypeError(`limits: ${bad.join(', ')} must be a positive number`)
}

function partiesOf({ subject, actor }: Authz) {
  return actor === undefined ? [subject] : [actor, subject]
}
