/**
 * Validates `mandate://` links from outside, and addresses for the system's browser. Pure.
 *
 * @module
 */
import { isLoopback } from '../main/address.ts'

/** Longer than any invitation link. */
const MAX_LINK_LENGTH = 512

/** The first `mandate://` link in command-line arguments. The core parses its content. */
export function linkIn(args: readonly string[]): string | undefined {
  return args.find(isLink)
}

/** Whether a text is a link of our scheme: short, without control characters and spaces. */
export function isLink(text: string): boolean {
  if (text.length > MAX_LINK_LENGTH || !/^mandate:\/\/[\x21-\x7e]+$/u.test(text)) return false
  const url = URL.parse(text)
  return url?.protocol === 'mandate:' && url.username === '' && url.password === ''
}

/**
 * Whether an address may be opened in the system's browser: any of the issuer's origin, or exactly one of the documents. Requires https, or http on
 * loopback; refuses credentials in the URL, which hide the real host.
 */
export function mayOpen(url: URL, issuer: string, documents: readonly string[]): boolean {
  if (url.username !== '' || url.password !== '') return false
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.href))) return false
  return (
    url.origin === URL.parse(issuer)?.origin || documents.some((document) => URL.parse(document)?.href === url.href)
  )
}
