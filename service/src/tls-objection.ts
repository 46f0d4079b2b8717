/**
 * Whether a certificate and a private key can be used together, for the reader of a configuration.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
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

/** What is wrong with the certificates of an authority (PEM), as a sentence without their content; `undefined` when nothing is, or none are given. */
export function certificatesObjection(ca: string | undefined): string | undefined {
  if (ca === undefined) return undefined
  try {
    const blocks = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? []
    for (const block of blocks) new X509Certificate(block)
    if (blocks.length > 0) return undefined
  } catch {
    // The same answer as for a file without a certificate.
  }
  return 'the certificates of the authority are not PEM'
}
