/**
 * TLS options for the PDP's calls to OpenFGA and the issuer, from the files that its configuration names.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import type { ClientTls } from '@mandate/service'
import type { Config } from '../config.ts'

type Files = Pick<Config, 'PDP_TLS_CA_FILE' | 'PDP_TLS_CERT_FILE' | 'PDP_TLS_KEY_FILE'>

/** `undefined` without a certificate authority: then the system's are trusted, and no certificate is shown. */
export function readClientTls(files: Files): ClientTls | undefined {
  const { PDP_TLS_CA_FILE: ca, PDP_TLS_CERT_FILE: cert, PDP_TLS_KEY_FILE: key } = files
  if (ca === undefined) return undefined
  const read = (path: string): string => readFileSync(path, 'utf8')
  return { ca: read(ca), ...(cert && key ? { cert: read(cert), key: read(key) } : {}) }
}
