/**
 * Outgoing HTTP: TLS options of this side, and connection pools with bounds.
 *
 * @module
 */
import { Agent, buildConnector, type Dispatcher, fetch as undiciFetch } from 'undici'

/** What this side trusts and shows where it calls over TLS. PEM. */
export interface ClientTls {
  /** The authority whose certificates are trusted, instead of the system's. */
  readonly ca?: string | undefined
  /** Shown to a far side that asks for one (mTLS). */
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** Only what is given. `undefined` when nothing is: then the system's authorities are trusted, and no certificate is shown. */
export function clientTlsOf({ ca, cert, key }: ClientTls): ReplaceableTls | undefined {
  return ca === undefined && cert === undefined ? undefined : new ReplaceableTls({ ca, cert, key })
}

/**
 * TLS options that are replaced while the process runs, such as by a renewed certificate. New connections use the newest options; open ones keep theirs
 * until they end.
 */
export class ReplaceableTls implements ClientTls {
  ca: string | undefined
  cert: string | undefined
  key: string | undefined

  constructor({ ca, cert, key }: ClientTls) {
    this.ca = ca
    this.cert = cert
    this.key = key
  }

  /** @param tls - Checked before: {@link tlsObjection}. */
  replace({ ca, cert, key }: ClientTls): void {
    this.ca = ca
    this.cert = cert
    this.key = key
  }
}

/** The options of one TLS connection of this side, as they are now. TLS 1.2 at least. */
export function tlsOptionsOf(tls: ClientTls | undefined) {
  const { ca, cert, key } = tls ?? {}
  return {
    minVersion: 'TLSv1.2' as const,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/**
 * The `connect` option of undici's pools and agents.
 *
 * @param options - Further options of the connector, such as `timeout` in milliseconds.
 */
export function connectOf(tls: ClientTls | undefined, options: buildConnector.BuildOptions = {}) {
  const build = (): buildConnector.connector => buildConnector({ ...tlsOptionsOf(tls), ...options })
  let [connect, made] = [build(), snapshotOf(tls)]
  const connector: buildConnector.connector = (to, callback) => {
    const now = snapshotOf(tls)
    if (now !== made) [connect, made] = [build(), now]
    connect(to, callback)
  }
  return connector
}

const snapshotOf = (tls: ClientTls | undefined): string => JSON.stringify([tls?.ca, tls?.cert, tls?.key])

/** Connections to an identity provider: at most this many to each origin, and answers of at most this many bytes. */
const IDENTITY = { connections: 2, maxResponseSize: 65_536 } as const
/** Connections to other services. */
const SERVICE = { connections: 64, maxResponseSize: 4_194_304 } as const

/** For keys and tokens: few connections, answers of at most 64 KiB. */
export function identityAgent(tls: ClientTls | undefined): Agent {
  return new Agent({ ...IDENTITY, connect: connectOf(tls) })
}

/** Calls to other services, over connections that are kept. */
export interface Calls {
  readonly fetch: typeof undiciFetch
  /** Resolves when calls under way are answered and every connection is closed. */
  readonly close: () => Promise<void>
}

/** Makes `fetch` for calls to other services. @param isStreaming - Answers may be of any size, each stream on a connection of its own; else 4 MiB are the most. */
export function createCalls(tls: ClientTls | undefined, isStreaming = false): Calls {
  const dispatcher: Dispatcher = new Agent({ ...(isStreaming ? {} : SERVICE), connect: connectOf(tls) })
  return { fetch: (input, init) => undiciFetch(input, { ...init, dispatcher }), close: () => dispatcher.close() }
}
