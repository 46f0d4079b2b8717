/**
 * What the PDP trusts and shows where it calls over TLS: OpenFGA, and whoever signs tokens.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import type { Config } from '../config.ts'

/** PEM. As Node's TLS and every client on top of it take it. */
export interface ClientTls {
  readonly minVersion: 'TLSv1.2'
  /** The authority whose certificates are trusted, instead of the system's. */
  readonly ca: Buffer
  /** Shown to a far side that asks who calls (mTLS). */
  readonly cert?: Buffer
  readonly key?: Buffer
}

type Files = Pick<Config, 'PDP_TLS_CA_FILE' | 'PDP_TLS_CERT_FILE' | 'PDP_TLS_KEY_FILE'>

/** `undefined` without an authority of one's own: then the system's are trusted, and nothing is shown. */
export function clientTlsOf(files: Files): ClientTls | undefined {
  const { PDP_TLS_CA_FILE: ca, PDP_TLS_CERT_FILE: cert, PDP_TLS_KEY_FILE: key } = files
  if (ca === undefined) return undefined
  const shown = cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : {}
  return { minVersion: 'TLSv1.2', ca: readFileSync(ca), ...shown }
}
