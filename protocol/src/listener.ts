/**
 * What every HTTP listener of ours has in common. Pure: options for `node:http`, and headers.
 *
 * @module
 */

export interface RequestTimeouts {
  /** From the first byte of a connection, or of the next request on it, to the end of the headers. */
  readonly headersWithinMs: number
  /** To the end of the body. */
  readonly requestWithinMs: number
}

/** How long a client may take that is not told of anything else. */
const DEFAULT_TIMEOUTS: RequestTimeouts = { headersWithinMs: 10_000, requestWithinMs: 30_000 }
/** Node looks for late clients every so often, by default every 30 seconds: a tenth of the time, at most a second. */
const LOOKS = 10
const MAX_INTERVAL_MS = 1_000

/**
 * Options of `createServer` with which a client is cut off within the time that it is given: Node's own look for late clients, which is as
 * much too late as it is rare, is made often enough and counted in.
 */
export function requestTimeouts(timeouts: Partial<RequestTimeouts> = {}): {
  readonly headersTimeout: number
  readonly requestTimeout: number
  readonly connectionsCheckingInterval: number
} {
  const { headersWithinMs, requestWithinMs } = { ...DEFAULT_TIMEOUTS, ...timeouts }
  const interval = Math.min(MAX_INTERVAL_MS, Math.ceil(Math.min(headersWithinMs, requestWithinMs) / LOOKS))
  return {
    headersTimeout: headersWithinMs - interval,
    requestTimeout: requestWithinMs - interval,
    connectionsCheckingInterval: interval,
  }
}

/** `Permissions-Policy` of all that we serve: no page of ours, and none made out of an answer of ours, uses any of these. */
export const PERMISSIONS_POLICY = 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()'
