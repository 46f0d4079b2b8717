/**
 * Whether what a service sends and receives can be read or forged by others: findings for the reader of a configuration. Each begins with the name
 * of its variable; none holds a value.
 *
 * @module
 */
import { isLoopback, plainHttpObjection } from '@mandate/protocol'
import { tlsObjection } from './tls-objection.ts'

/** What a listener is configured with. */
export interface ListenerSecurity {
  readonly host: string
  /** Whether a proxy in front terminates TLS. */
  readonly isBehindProxy: boolean
  /** PEM. */
  readonly cert: string | undefined
  readonly key: string | undefined
  /** The authority whose client certificates are accepted. @default anybody is let in */
  readonly clientCa?: string | undefined
}

/** How the variables are named. */
export interface ListenerVariables {
  /** Such as `TRIPS_`. */
  readonly prefix: string
  /** @default `<prefix>TRUST_PROXY` */
  readonly trustProxy?: string
  /** Where certificate and key are given by files only. @default '' */
  readonly pemSuffix?: '' | '_FILE'
}

/** A certificate without its key or the other way round, a pair that does not fit, and client certificates without either. Always a mistake. */
export function tlsFindings(
  { cert, key, clientCa }: ListenerSecurity,
  { prefix }: ListenerVariables,
): readonly string[] {
  const objection = tlsObjection({ cert, key })
  return [
    ...(objection === undefined ? [] : [`${prefix}TLS_CERT, ${prefix}TLS_KEY: ${objection}`]),
    ...(clientCa !== undefined && cert === undefined
      ? [`${prefix}TLS_CLIENT_CA: it needs ${prefix}TLS_CERT and ${prefix}TLS_KEY`]
      : []),
  ]
}

/** A listener that other machines reach in plain HTTP. For production a mistake. */
export function plainListenerFindings(
  { host, isBehindProxy, cert }: ListenerSecurity,
  { prefix, trustProxy = `${prefix}TRUST_PROXY`, pemSuffix = '' }: ListenerVariables,
): readonly string[] {
  if (isLoopback(host) || isBehindProxy || cert !== undefined) return []
  const cure = `set ${prefix}TLS_CERT${pemSuffix} and ${prefix}TLS_KEY${pemSuffix}, or ${trustProxy} behind a proxy that terminates TLS`
  return [`${prefix}HOST: plain HTTP off loopback; ${cure}`]
}

/**
 * URLs that would be called in plain HTTP off loopback.
 *
 * @param calls - URLs by the names of their variables.
 * @param plainHttpHosts - Hosts that may be.
 * @param variable - Where those are listed.
 */
export function plainCallFindings(
  calls: Readonly<Record<string, string | readonly string[] | undefined>>,
  plainHttpHosts: readonly string[],
  variable: string,
): readonly string[] {
  return Object.entries(calls).flatMap(([name, urls = []]) =>
    [urls].flat().flatMap((url) => {
      const objection = plainHttpObjection(url, plainHttpHosts)
      return objection === undefined ? [] : [`${name}: ${objection} (${variable})`]
    }),
  )
}

/** What a secret must be in production. */
export interface SecretStrength {
  /** In characters. */
  readonly minLength: number
  /** Words of examples, such as `/demo/u`. @default none is refused */
  readonly demo?: RegExp
}

/** A secret that can be guessed. For production a mistake. */
export function weakSecretFindings(
  name: string,
  secret: string | undefined,
  { minLength, demo }: SecretStrength,
): readonly string[] {
  if (secret === undefined || (secret.length >= minLength && !demo?.test(secret))) return []
  return [`${name}: must have at least ${minLength} characters in production${demo ? ', and be no demo secret' : ''}`]
}
