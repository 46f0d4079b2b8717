/**
 * The processes of `npm run chaos`: those of the new-enemy test, and the trips service with its PEP before the PDPs. Each connection between two of them
 * has a line that can be cut, and each of our processes a clock that can be set wrong.
 *
 * @module
 */
import { join } from 'node:path'
import { freePort, type Service, spawnService } from '@mandate/stack'
import type { TokenClaims } from '../fixtures/issuer.ts'
import type { Answer } from '../fixtures/pdp.ts'
import type { Line } from '../new-enemy/line.ts'
import { lineTo, type Stage, type StagedPdp, startStage, throughLine } from '../new-enemy/stage.ts'
import { AnswerBook } from './answers.ts'
import { type ChaosClock, createClock } from './skew.ts'

/** A service that people ask, in front of the PDPs. */
export interface StagedService {
  readonly service: Service
  readonly clock: ChaosClock
  readonly lines: { readonly postgres: Line; readonly issuer: Line; readonly pdps: readonly Line[] }
  /** Sends a request with the token of a person, in a persona. */
  call(method: string, path: string, options: ServiceCall): Promise<Answer>
}

export interface ServiceCall {
  readonly as: TokenClaims
  readonly persona: string
  readonly body?: object
}

export interface ChaosStage extends Stage {
  readonly clocks: readonly ChaosClock[]
  readonly trips: StagedService
  readonly answers: AnswerBook
}

export interface ChaosStageOptions {
  readonly pdps: number
  /** `off`: without the read barrier, and with a log that says it is durable before it is. */
  readonly defences: 'on' | 'off'
  /** Folder for the files of the clocks. */
  readonly folder: string
}

export async function startChaosStage({ pdps: count, defences, folder }: ChaosStageOptions): Promise<ChaosStage> {
  const clocks = Array.from({ length: count }, (_, index) => createClock(join(folder, `clock-${index}`)))
  const stage = await startStage({
    pdps: count,
    barrier: defences,
    env: (index) => clocks[index]?.env ?? {},
    ...(defences === 'off' ? { entry: 'test/chaos/early-pdp.ts' } : {}),
  })
  const answers = new AnswerBook()
  try {
    const trips = await startTrips(stage, createClock(join(folder, 'clock-trips')), answers)
    const pdps = stage.pdps.map((pdp) => ({ ...pdp, call: noting(pdp, answers) }))
    const stop = async (): Promise<void> => {
      await trips.stop()
      await stage.stop()
    }
    return { ...stage, pdps, clocks, trips, answers, stop }
  } catch (error) {
    await stage.stop()
    throw error
  }
}

/**
 * Notes what was answered. A token that is refused is no decision: it is judged by the wall clock, which may be wrong just then. Callers with an API
 * key have no such token.
 */
const noting =
  ({ call }: StagedPdp, answers: AnswerBook): StagedPdp['call'] =>
  async (method, path, options) => {
    const answer = await call(method, path, options)
    answers.note(method, path, answer)
    return answer.status === 401 && typeof options?.as === 'object' ? { ...answer, status: 503 } : answer
  }

async function startTrips(
  stage: Stage,
  clock: ChaosClock,
  answers: AnswerBook,
): Promise<StagedService & { stop(): Promise<void> }> {
  const { issuer, postgres, folder } = stage
  const lines = {
    postgres: await lineTo(postgres.url),
    issuer: await lineTo(issuer.issuer),
    pdps: await Promise.all(stage.pdps.map(({ url }) => lineTo(url))),
  }
  const url = `http://127.0.0.1:${await freePort()}`
  const service = await spawnService({
    name: 'trips',
    entry: 'examples/trips/src/main.ts',
    env: {
      TRIPS_PORT: new URL(url).port,
      TRIPS_ISSUER: issuer.issuer,
      TRIPS_IDENTITY_URL: new URL(throughLine(issuer.issuer, lines.issuer)).origin,
      TRIPS_CLIENT_SECRET: 'a secret for tests',
      TRIPS_PDP_URL: stage.pdps.map((pdp, index) => throughLine(pdp.url, lines.pdps[index] as Line)).join(','),
      TRIPS_DATABASE_URL: throughLine(await postgres.createDatabase('trips'), lines.postgres),
      TRIPS_PERSON_PER_MINUTE: '60000',
      TRIPS_PERSON_BURST: '60000',
      TRIPS_ADDRESS_PER_SECOND: '100000',
      LOG_LEVEL: 'warn',
      ...clock.env,
    },
    readyUrl: `${url}/readyz`,
    readyTimeoutMs: 90_000,
    logFile: join(folder, 'trips.log'),
  })
  const stop = async (): Promise<void> => {
    await service.kill()
    await Promise.all([lines.postgres, lines.issuer, ...lines.pdps].map((line) => line.stop()))
  }
  return { service, clock, lines, call: createServiceCall(url, stage, answers), stop }
}

/** Half of a token's lifetime, in milliseconds. */
const TOKEN_MS = 150_000

function createServiceCall(url: string, { issuer }: Stage, answers: AnswerBook): StagedService['call'] {
  const tokens = new Map<string, { readonly token: Promise<string>; readonly until: number }>()
  const tokenFor = (as: TokenClaims): Promise<string> => {
    const key = JSON.stringify(as)
    const known = tokens.get(key)
    if (known && performance.now() < known.until) return known.token
    const token = issuer.token({ aud: 'trips', ...as })
    tokens.set(key, { token, until: performance.now() + TOKEN_MS })
    return token
  }
  return async (method, path, { as, persona, body }) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await tokenFor(as)}`,
        'mandate-persona': persona,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    answers.noteService(response)
    const isJson = /json\b/u.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : undefined, text }
  }
}
