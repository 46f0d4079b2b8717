/**
 * Addresses that may be spoken to: https, or plain http on this machine. Pure.
 *
 * @module
 */
import { z } from 'zod'

/** Plain http never leaves this machine. */
export function isLoopback(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? ''
  return /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/u.test(host)
}

/** An identifier, compared and kept as it is given. Without credentials, query and fragment. */
export const issuerSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .refine((url) => url.startsWith('https:') || isLoopback(url), 'must be https, or on loopback')
  .refine((text) => {
    const url = URL.parse(text)
    return url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  }, 'must hold no user name, password, query or fragment')

/** An address that paths are added to: the same, and a `/` at its end is taken off. */
export const serverUrlSchema = issuerSchema.transform((url) => url.replace(/\/$/u, ''))
