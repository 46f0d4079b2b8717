/**
 * What the core is created with.
 *
 * @module
 */
import type { DesktopConfig, Host } from './host.ts'

/** Compatible with pino. */
export interface CoreLogger {
  readonly warn: (fields: object, message: string) => void
}

/** How often the core polls, retries and gives up, all in milliseconds. Tests shorten them. */
export interface CoreTimings {
  /** Between two polls of session, grants and invitations. @default 45000 */
  readonly pollMs?: number
  /** Before the next poll while a service is unreachable. @default 10000 */
  readonly retryMs?: number
  /** For one attempt of one call. @default 10000 */
  readonly callMs?: number
  /** For the person to sign in at the identity provider. @default 300000 */
  readonly signInMs?: number
}

/** What the core needs from the process that hosts it. It runs in Electron, in the development host and in tests alike. */
export interface CoreOptions {
  readonly config: DesktopConfig
  readonly host: Host
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
  readonly logger?: CoreLogger
  /** All in milliseconds. */
  readonly timings?: CoreTimings
}
