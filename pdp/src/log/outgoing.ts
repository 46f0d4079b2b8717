/**
 * HTTP calls to configured addresses (witnesses, anchors), guarded against SSRF: a private address is reached only if its host is listed. The name is
 * resolved once, checked, and the checked address is connected to. Redirects are not followed.
 *
 * @module
 */
import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Agent } from 'undici'

export interface Posted {
  readonly status: number
  /** Media type without parameters. */
  readonly type: string
  readonly body: string
}

/** Sends a text. Rejects on failure, timeout, or a forbidden address. */
export type Post = (url: string, body: string, timeoutMs: number) => Promise<Posted>

export interface Outgoing {
  readonly post: Post
  readonly close: () => Promise<void>
}

const MAX_ANSWER_BYTES = 64 * 1024
const IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const
/** NAT64 and 6to4 prefixes, which embed IPv4 addresses. */
const IPV6 = [
  ['::', 127],
  ['64:ff9b::', 96],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const

const notPublic = new BlockList()
for (const [net, prefix] of IPV4) notPublic.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of IPV6) notPublic.addSubnet(net, prefix, 'ipv6')

/** Whether an address is private, and so allowed for listed hosts only. */
export function isPrivate(address: string): boolean {
  return notPublic.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** @param listed - Hosts that may have private addresses, with the port where it is not the default. */
export function createOutgoing(listed: readonly string[]): Outgoing {
  const anywhere = new Agent({ pipelining: 1 })
  const publicOnly = new Agent({ pipelining: 1, connect: { lookup: publicLookup } })
  return {
    post: async (url, body, timeoutMs) => {
      const { host, hostname } = new URL(url)
      const isListed = listed.includes(host)
      const literal = hostname.replace(/^\[|\]$/gu, '')
      // A literal IP address is not resolved by DNS.
      if (!isListed && isIP(literal) && isPrivate(literal)) throw new Error(`${host} is private and not listed`)
      const answer = await fetchText(url, body, timeoutMs, isListed ? anywhere : publicOnly)
      return answer
    },
    close: async () => void (await Promise.all([anywhere.destroy(), publicOnly.destroy()])),
  }
}

async function fetchText(url: string, body: string, timeoutMs: number, dispatcher: Agent): Promise<Posted> {
  const { pathname, search, origin } = new URL(url)
  const {
    statusCode,
    headers,
    body: answer,
  } = await dispatcher.request({
    origin,
    path: `${pathname}${search}`,
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body,
    signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
  })
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer as AsyncIterable<Uint8Array>) {
    bytes += part.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`${origin} answers too much`)
    parts.push(part)
  }
  const [type = ''] = String(headers['content-type'] ?? '').split(';')
  return { status: statusCode, type: type.trim(), body: Buffer.concat(parts).toString() }
}

/** Like `dns.lookup`, but fails for private addresses. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const open = error ? [] : addresses.filter(({ address }) => !isPrivate(address))
    const [first] = open
    if (!first) {
      callback(error ?? new Error(`${hostname} is private and not listed`), '')
      return
    }
    if (options.all) callback(null, open)
    else callback(null, first.address, first.family)
  })
}
