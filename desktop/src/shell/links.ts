/**
 * Addresses: which come in as `mandate://` links, and which the system's browser may be shown. Pure.
 *
 * @module
 */
import { isLoopback } from '../main/address.ts'

/** Longer than any invitation's. */
const MAX_LINK_LENGTH = 512

/** The first `mandate://` link among the arguments of a start, or of a second one. What it says is the core's to judge. */
export function linkIn(args: readonly string[]): string | undefined {
  return args.find(isLink)
}

/** Whether the operating system may hand this on: of our scheme, short, and without a control or a space in it. */
export function isLink(text: string): boolean {
  if (text.length > MAX_LINK_LENGTH || !/^mandate:\/\/[\x21-\x7e]+$/u.test(text)) return false
  const url = URL.parse(text)
  return url?.protocol === 'mandate:' && url.username === '' && url.password === ''
}

/**
 * Whether an address may be opened outside: the identity provider's own (`issuer`), or exactly one of the documents. `https`, or plain `http` to this
 * machine; never with a name and password in it, which shows one host and goes to another.
 */
export function mayOpen(url: URL, issuer: string, documents: readonly string[]): boolean {
  if (url.username !== '' || url.password !== '') return false
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.href))) return false
  return (
    url.origin === URL.parse(issuer)?.origin || documents.some((document) => URL.parse(document)?.href === url.href)
  )
}
