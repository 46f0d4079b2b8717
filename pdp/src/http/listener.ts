/**
 * Maps the configuration to the listener's options.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import type { ListenerOptions, Tls } from '@mandate/service'
import type { Config } from '../config.ts'

type ListenerSettings = Pick<
  Config,
  'PDP_HOST' | 'PDP_PORT' | 'PDP_TLS_CERT_FILE' | 'PDP_TLS_KEY_FILE' | 'PDP_TLS_CLIENT_CA_FILE'
>

/**
 * Builds the listener's options. Idle connections are kept longer than the 60 s of common proxies and load balancers; shutdown ends before the
 * process would be killed.
 *
 * @throws the system's error when a file cannot be read.
 */
export function listenerOptionsOf(settings: ListenerSettings): ListenerOptions {
  return {
    host: settings.PDP_HOST,
    port: settings.PDP_PORT,
    tls: tlsOf(settings),
    requestWithinMs: 15_000,
    keepAliveMs: 65_000,
    maxConnections: 16_384,
    stopWithinMs: 8_000,
  }
}

function tlsOf({
  PDP_TLS_CERT_FILE: cert,
  PDP_TLS_KEY_FILE: key,
  PDP_TLS_CLIENT_CA_FILE: clientCa,
}: ListenerSettings): Tls | undefined {
  if (!(cert && key)) return undefined
  const read = (path: string): string => readFileSync(path, 'utf8')
  return { cert: read(cert), key: read(key), ...(clientCa === undefined ? {} : { clientCa: read(clientCa) }) }
}
