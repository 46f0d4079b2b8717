/**
 * Replaces certificates, keys and trusted authorities of a running service: those of its listener, and those of its calls.
 *
 * @module
 */
import { type ClientTls, ReplaceableTls } from './client-tls.ts'
import { ConfigError } from './config.ts'
import type { DrainableListener, Tls } from './listener.ts'
import { certificatesObjection, tlsObjection } from './tls-objection.ts'

/** TLS as a configuration has it. `undefined`: plain HTTP, or the system's authorities. */
export interface ServiceTls {
  readonly tls?: Tls | undefined
  readonly clientTls?: ClientTls | undefined
}

/**
 * Checks the TLS of a new configuration.
 *
 * @param present - The configuration that is in force; its `clientTls` is replaced where it is a {@link ReplaceableTls}.
 * @param listeners - Of the service.
 * @param prefix - Of the service's variables, such as `TRIPS_`.
 * @returns Puts it into force for new connections. Must be called before another configuration is prepared.
 * @throws ConfigError when it cannot be used, or TLS would begin or end: that takes a restart.
 */
export function prepareTls(
  present: ServiceTls,
  next: ServiceTls,
  listeners: readonly Pick<DrainableListener, 'replaceTls'>[],
  prefix: string,
): () => void {
  const problems = [
    ...objectionsTo(`${prefix}TLS_CERT, ${prefix}TLS_KEY`, tlsObjection({ cert: next.tls?.cert, key: next.tls?.key })),
    ...objectionsTo(`${prefix}TLS_CLIENT_CA`, certificatesObjection(next.tls?.clientCa)),
    ...objectionsTo(`${prefix}TLS_CA`, certificatesObjection(next.clientTls?.ca)),
    ...(kindOf(present) === kindOf(next)
      ? []
      : [`${prefix}TLS_…: TLS and client certificates begin or end at a restart only`]),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return () => {
    if (next.tls) for (const listener of listeners) listener.replaceTls(next.tls)
    if (next.clientTls && present.clientTls instanceof ReplaceableTls) present.clientTls.replace(next.clientTls)
  }
}

const objectionsTo = (names: string, objection: string | undefined): readonly string[] =>
  objection === undefined ? [] : [`${names}: ${objection}`]

const kindOf = ({ tls, clientTls }: ServiceTls): string =>
  [tls, tls?.clientCa, clientTls, clientTls?.ca, clientTls?.cert].map((part) => Number(part !== undefined)).join('')
