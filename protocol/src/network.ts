/**
 * Network addresses: loopback check, plain HTTP check, and grouping of client addresses for rate limits. Pure.
 *
 * @module
 */

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1|\[::1\])$/u

/** Whether a host is loopback. @param host - A listener's address, or the host of a URL (with IPv6 in brackets). */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host)
}

/**
 * Rejects plain HTTP beyond loopback, where tokens, keys and responses could be read and replaced in transit.
 *
 * @param plainHttpHosts - Hosts allowed in plain HTTP, because the network between is private.
 * @returns An error message; `undefined` for https, loopback, a listed host, and for a text that is not a URL (checked elsewhere).
 */
export function plainHttpObjection(url: string, plainHttpHosts: readonly string[]): string | undefined {
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'http:' || isLoopback(parsed.hostname) || plainHttpHosts.includes(parsed.hostname))
    return undefined
  return `plain HTTP to ${parsed.hostname}, which is not on loopback: use https, or list the host as reached over a private network`
}

const IPV4 = /(?:^|:)(?<address>\d{1,3}(?:\.\d{1,3}){3})$/u
/** Some proxies append the port to the address: `203.0.113.7:5000`, `[2001:db8::1]:5000`. */
const WITH_PORT = /^(?:(?<ipv4>\d{1,3}(?:\.\d{1,3}){3}):\d+|\[(?<ipv6>[^\]]+)\](?::\d+)?)$/u
/** 16-bit groups in an IPv6 address, and in the /64 prefix that one site or customer usually has. */
const GROUPS = 8
const SITE_GROUPS = 4

/**
 * Computes the rate limit key of a client address. An IPv4 address is its own key, also as an IPv4-mapped IPv6 address; an IPv6 address has its /64
 * prefix as the key, since the holder of one address usually has all 2^64. A port is ignored.
 *
 * @param named - The address from the socket or a trusted proxy. A text that is not an address is returned unchanged.
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

/** Expands an IPv6 address to its eight groups, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  // An IPv4 tail stands for the last two groups, which are not part of the /64: any value will do.
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
