/**
 * Whether a certificate and a private key can be used together, for the reader of a configuration.
 *
 * @module
 */
import { createSecureContext } from 'node:tls'

/** What is wrong with a certificate and its key, as a sentence without either's content; `undefined` when nothing is, or neither is given. */
export function tlsObjection({
  cert,
  key,
}: { readonly [Name in 'cert' | 'key']: string | undefined }): string | undefined {
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined)
    return 'the TLS certificate and its key go together: give both or neither'
  try {
    createSecureContext({ cert, key, minVersion: 'TLSv1.2' })
    return undefined
  } catch {
    return 'the TLS certificate and its key are not PEM, or do not belong together'
  }
}
