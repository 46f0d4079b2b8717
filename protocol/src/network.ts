/**
 * Addresses: which are this machine's own, which may be called in plain HTTP, and what counts as one caller's. Pure.
 *
 * @module
 */

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1|\[::1\])$/u

/** Of a listener's address, or of a URL's host: there an IPv6 address stands in brackets. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/**
 * Why a URL must not be called: in plain HTTP off loopback, tokens, keys and answers can be read and replaced on their way.
 *
 * @param plainHttpHosts - Host names that are reached over a network which only the two share.
 * @returns `undefined` for https, loopback, a listed host, and what is no URL (that is somebody else's objection).
 */
export function plainHttpObjection(url: string, plainHttpHosts: readonly string[]): string | undefined {
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'http:' || isLoopback(parsed.hostname) || plainHttpHosts.includes(parsed.hostname))
    return undefined
  return `plain HTTP to ${parsed.hostname}, which is not on loopback: use https, or list the host as one that is reached over a private network`
}

const IPV4 = /(?:^|:)(?<address>\d{1,3}(?:\.\d{1,3}){3})$/u
/** Some proxies name the port beside the address: `203.0.113.7:5000`, `[2001:db8::1]:5000`. */
const WITH_PORT = /^(?:(?<ipv4>\d{1,3}(?:\.\d{1,3}){3}):\d+|\[(?<ipv6>[^\]]+)\](?::\d+)?)$/u
/** Groups of 16 bits in an IPv6 address, and in the /64 that one site or customer is given. */
const GROUPS = 8
const SITE_GROUPS = 4

/**
 * What one caller's addresses have in common, as a key for limits: an IPv4 address itself, also when written in IPv6, and of an IPv6 address
 * its /64, since whoever has one of those has 2^64 of them. A port says nothing: each connection has another.
 *
 * @param named - As the socket or a trusted proxy names it; what is no address is its own key.
 */
export function addressBlock(named: string): string {
  const { ipv4: bare, ipv6 } = WITH_PORT.exec(named)?.groups ?? {}
  const address = bare ?? ipv6 ?? named
  const ipv4 = IPV4.exec(address)?.groups?.['address']
  if (ipv4 !== undefined && (ipv4 === address || /^(?:0{0,4}:){2,5}ffff:/iu.test(address))) return ipv4
  if (!address.includes(':')) return address
  const [zoneless = ''] = address.split('%')
  return `${groupsOf(zoneless).slice(0, SITE_GROUPS).join(':')}::/64`
}

/** All eight groups, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  // A dotted tail stands for two groups; what it says is never in the first four.
  const [before = '', after] = address.replace(IPV4, ':0:0').split('::')
  const left = parts(before)
  const right = after === undefined ? [] : parts(after)
  const missing = Math.max(0, GROUPS - left.length - right.length)
  const zeros = after === undefined ? [] : Array.from({ length: missing }, () => '0')
  return [...left, ...zeros, ...right]
}

const parts = (text: string): readonly string[] =>
  text
    .split(':')
    .filter((group) => group !== '')
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/u, ''))
