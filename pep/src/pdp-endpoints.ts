/**
 * The PDPs that one enforcement point may ask: a keep-alive pool each, taken in turn; one that fails is avoided for a while.
 *
 * @module
 */
import { type ClientTls, connectOf } from '@mandate/service'
import { Pool } from 'undici'

/** One PDP. */
export interface PdpEndpoint {
  readonly pool: Pick<Pool, 'request'>
  /** Path of the PDP's base URL, without a trailing slash. */
  readonly basePath: string
}

export interface PoolOptions {
  readonly tls?: ClientTls | undefined
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
}

/** Connections to each PDP at most; requests beyond wait, and their deadline runs. */
const CONNECTIONS = 64
/**
 * An idle connection is closed by this side first, so that no question is sent on a connection that the PDP is closing. Mandate's PDP closes after
 * 65 s. A server that names a shorter time (`Keep-Alive: timeout=5`) is believed; one that names none may close at any time.
 */
const IDLE = { keepAliveMaxTimeout: 60_000, keepAliveTimeout: 4_000 } as const
/** Time for which a PDP that failed is avoided, in milliseconds: doubled with each failure in a row. */
const AVOIDED_MS = { first: 1_000, most: 30_000 } as const

interface Health {
  readonly endpoint: PdpEndpoint
  failures: number
  avoidedUntil: number
}

/** Chooses the order in which PDPs are tried. Holds no circuit: with every PDP failing, all of them are still tried. */
export class PdpEndpoints {
  readonly #all: readonly Health[]
  readonly #now: () => number
  #turn = 0

  /** @param endpoints - At least one. @param now - A clock in milliseconds, whatever it counts from. */
  constructor(endpoints: readonly PdpEndpoint[], now: () => number) {
    this.#all = endpoints.map((endpoint) => ({ endpoint, failures: 0, avoidedUntil: Number.NEGATIVE_INFINITY }))
    this.#now = now
  }

  /** The endpoints to try for one question, in this order. A single PDP stands in it twice: its broken connection is tried again. */
  order(): readonly PdpEndpoint[] {
    const [only] = this.#all
    if (only !== undefined && this.#all.length === 1) return [only.endpoint, only.endpoint]
    const from = this.#turn % this.#all.length
    this.#turn = from + 1
    const inTurn = [...this.#all.slice(from), ...this.#all.slice(0, from)]
    const now = this.#now()
    const isAvoided = ({ avoidedUntil }: Health): boolean => now < avoidedUntil
    return [...inTurn.filter((one) => !isAvoided(one)), ...inTurn.filter(isAvoided)].map(({ endpoint }) => endpoint)
  }

  answered(endpoint: PdpEndpoint): void {
    const health = this.#healthOf(endpoint)
    if (health) health.failures = 0
  }

  /** Reports that the endpoint gave no answer, or could not decide. */
  failed(endpoint: PdpEndpoint): void {
    const health = this.#healthOf(endpoint)
    if (health === undefined) return
    const now = this.#now()
    // Questions that were under way when it failed are the same failure, not further ones.
    if (now < health.avoidedUntil) return
    health.failures += 1
    health.avoidedUntil = now + Math.min(AVOIDED_MS.most, AVOIDED_MS.first * 2 ** (health.failures - 1))
  }

  #healthOf(endpoint: PdpEndpoint): Health | undefined {
    return this.#all.find((one) => one.endpoint === endpoint)
  }
}

/** A pool for each URL. */
export function createPools(urls: readonly string[], { tls, timeoutMs, maxAnswerBytes }: PoolOptions) {
  // A host that drops packets must leave time to ask the next PDP.
  const connectMs = Math.max(50, Math.floor(timeoutMs / (urls.length + 1)))
  return urls.map((text) => {
    const url = new URL(text)
    const pool = new Pool(url.origin, {
      ...IDLE,
      connections: CONNECTIONS,
      pipelining: 1,
      maxResponseSize: maxAnswerBytes,
      connect: connectOf(tls, { timeout: connectMs }),
    })
    return { pool, basePath: url.pathname === '/' ? '' : url.pathname }
  })
}
