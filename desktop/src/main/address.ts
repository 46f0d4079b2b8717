/**
 * Validates addresses of servers: https, or http on loopback. Pure.
 *
 * @module
 */
import { z } from 'zod'

/** Whether a URL's host is this machine. */
export function isLoopback(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? ''
  return /^(127(\.\d{1,3}){3}|localhost|\[::1\])$/u.test(host)
}

/** An issuer identifier, kept exactly as given. No credentials, query or fragment. */
export const issuerSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .refine((url) => url.startsWith('https:') || isLoopback(url), 'must be https, or on loopback')
  .refine((text) => {
    const url = URL.parse(text)
    return url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  }, 'must hold no user name, password, query or fragment')

/** A base URL: as {@link issuerSchema}, without a `/` at its end. */
export const serverUrlSchema = issuerSchema.transform((url) => url.replace(/\/$/u, ''))
