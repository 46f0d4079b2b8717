/**
 * Options and headers that every HTTP listener of Mandate shares. Pure: plain values for `node:http`.
 *
 * @module
 */

/** Time limits for receiving one request, in milliseconds. Both start with the first byte of a connection, or of a further request on it. */
export interface RequestTimeouts {
  /** Until the end of the headers. */
  readonly headersWithinMs: number
  /** Until the end of the body. */
  readonly requestWithinMs: number
}

/** Defaults of {@link requestTimeouts}. */
const DEFAULT_TIMEOUTS: RequestTimeouts = { headersWithinMs: 10_000, requestWithinMs: 30_000 }
/** Checks per timeout: Node enforces its timeouts only at intervals, by default every 30 s. */
const CHECKS_PER_TIMEOUT = 10
const MAX_INTERVAL_MS = 1_000

/**
 * Options for `createServer` that close the connection of a slow client within the given times. Node checks its timeouts at intervals and so
 * enforces them late by up to one interval: the interval is shortened here to at most a second, and subtracted from the timeouts.
 *
 * @param timeouts - @default headers 10 s, request 30 s
 */
export function requestTimeouts(timeouts: Partial<RequestTimeouts> = {}): {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
} {
  const { headersWithinMs, requestWithinMs } = { ...DEFAULT_TIMEOUTS, ...timeouts }
  const interval = Math.min(MAX_INTERVAL_MS, Math.ceil(Math.min(headersWithinMs, requestWithinMs) / CHECKS_PER_TIMEOUT))
  return {
    headersTimeout: headersWithinMs - interval,
    requestTimeout: requestWithinMs - interval,
    connectionsCheckingInterval: interval,
  }
}

/** `Permissions-Policy` header of every response: no page of Mandate uses these browser features. */
export const PERMISSIONS_POLICY = 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()'
