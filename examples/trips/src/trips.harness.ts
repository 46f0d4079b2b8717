/**
 * Test harness of trips: the complete service on its own database, with the test PDP of the PEP.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listener } from '@mandate/pep/service'
import { answering, sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from '@mandate/pep/testing'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { readConfig } from './config.ts'
import { startTrips } from './start.ts'

let issuer: TestIssuer
let pdp: TestPdp
let trips: Listener
let folder: string
const logger = pino({ level: 'silent' })

export interface TripsUnderTest {
  readonly call: typeof call
  readonly newTrip: typeof newTrip
  readonly pdp: () => TestPdp
  readonly url: () => string
  readonly folder: () => string
  readonly stop: () => Promise<void>
  /** Starts the service with settings in addition to those of every test. */
  readonly start: (settings?: Readonly<Record<string, string>>) => Promise<void>
}

/** Registers the hooks: call it at the top of a test file. Every test gets a new service, database and PDP. */
export function useTrips(): TripsUnderTest {
  beforeAll(async () => {
    issuer = await startTestIssuer()
  })
  afterAll(() => issuer.close())
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trips-'))
    pdp = await startTestPdp()
    pdp.answerWith(searching(owns))
    trips = await startTrips(config(), logger)
  })
  afterEach(async () => {
    await trips.close()
    await pdp.close()
    rmSync(folder, { recursive: true })
  })
  return {
    call,
    newTrip,
    pdp: () => pdp,
    url: () => trips.url,
    folder: () => folder,
    stop: () => trips.close(),
    start: async (settings) => {
      trips = await startTrips(config(settings), logger)
    },
  }
}

const config = (settings: Readonly<Record<string, string>> = {}) =>
  readConfig({
    TRIPS_PORT: '0',
    TRIPS_ISSUER: issuer.issuer,
    TRIPS_CLIENT_SECRET: 'a secret for tests',
    TRIPS_PDP_URL: pdp.url,
    TRIPS_DATA_DIR: folder,
    LOG_LEVEL: 'silent',
    ...settings,
  })

/** Answers resource searches with the registered, permitted resources; other requests by `decide`. */
export function searching(decide: Parameters<typeof answering>[0]): ReturnType<typeof answering> {
  return (asked, res) => {
    if (!asked.path.endsWith('/search/resource')) return answering(decide)(asked, res)
    const idsOf = (method: string) =>
      pdp.asked
        .filter((earlier) => earlier.method === method && earlier.path.startsWith('/v1/resources/workflow/'))
        .map(({ path }) => path.split('/').at(-1) ?? '')
    const { limit = 50, token = '0' } = (asked.body['page'] ?? {}) as {
      readonly limit?: number
      readonly token?: string
    }
    const { subject, action } = asked.body
    const found = idsOf('PUT')
      .filter((id) => !idsOf('DELETE').includes(id))
      .map((id) => ({ type: 'workflow', id }))
      .filter((resource) => (decide({ subject, action, resource }) as { readonly decision: boolean }).decision)
    const end = Number(token) + limit
    const page = end < found.length ? { page: { next_token: String(end) } } : {}
    return sendJson(res, 200, { results: found.slice(Number(token), end), ...page })
  }
}

interface Question {
  readonly resource: unknown
}
const priceOf = ({ resource }: Question) =>
  (resource as { properties?: { planned_price?: { amount: number } } }).properties?.planned_price?.amount ?? 0
export const owns = () => ({
  decision: true,
  context: {
    evaluation_id: '01KE',
    reason: 'owner',
    reasons: [],
    chain: [],
    owner: 'user:carlo',
    owner_persona: 'traveler/family',
  },
})
/** Decides as a PDP with a price limit of 4,100 EUR. */
export const withLimit = (question: Question) =>
  priceOf(question) > 410_000
    ? {
        decision: false,
        context: {
          evaluation_id: '01KD',
          reason: 'price_above_limit',
          reasons: [
            {
              code: 'price_above_limit',
              reason_user: 'Too dear.',
              limit: 410_000,
              actual: priceOf(question),
              currency: 'EUR',
            },
          ],
          chain: [],
          owner: 'user:carlo',
        },
      }
    : owns()

interface Item {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly version: number
  readonly last_attempt?: Record<string, unknown>
}
interface TestResponse {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown> & { readonly id: string; readonly items: readonly Item[] }
}

async function call(
  method: string,
  path: string,
  options: {
    readonly body?: unknown
    readonly claims?: object
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Promise<TestResponse> {
  const token = await issuer.sign({ aud: 'trips', ...options.claims })
  const response = await fetch(trips.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'Mandate-Persona': 'traveler/family',
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as TestResponse['body'] }
}

const newTrip = async () => (await call('POST', '/workflows', { body: { template: 'milan' } })).body
export const named = (trip: { readonly items: readonly Item[] }, name: string) =>
  trip.items.find((item) => item.name === name) ?? expect.unreachable(name)
