/**
 * HTTP calls to configured addresses (witnesses, anchors, receivers of grant events), guarded against SSRF: a private address is reached only if its host is
 * listed. The name is resolved once, checked, and the checked address is connected to. Redirects are not followed.
 *
 * @module
 */
import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { type ClientTls, connectOf } from '@mandate/service'
import { Agent } from 'undici'

export interface Posted {
  readonly status: number
  /** Media type without parameters. */
  readonly type: string
  readonly body: string
}

/**
 * Sends a text. Rejects on failure, timeout, or a forbidden address.
 *
 * @param headers - Names in lower case. @default a `content-type` of plain text
 */
export type Post = (
  url: string,
  body: string,
  timeoutMs: number,
  headers?: Readonly<Record<string, string>>,
) => Promise<Posted>

export interface Outgoing {
  readonly post: Post
  readonly close: () => Promise<void>
}

const MAX_ANSWER_BYTES = 64 * 1024
const PLAIN_TEXT = { 'content-type': 'text/plain; charset=utf-8' } as const
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

/**
 * @param listed - Hosts that may have private addresses, with the port where it is not the default.
 * @param tls - Certificate authority that is trusted instead of the system's, and this side's certificate.
 */
export function createOutgoing(listed: readonly string[], tls?: ClientTls): Outgoing {
  const anywhere = new Agent({ pipelining: 1, connect: connectOf(tls) })
  const publicOnly = new Agent({ pipelining: 1, connect: connectOf(tls, { lookup: publicLookup }) })
  return {
    post: async (url, body, timeoutMs, headers = PLAIN_TEXT) => {
      const { host, hostname } = new URL(url)
      const isListed = listed.includes(host)
      const literal = hostname.replace(/^\[|\]$/gu, '')
      // A literal IP address is not resolved by DNS.
      if (!isListed && isIP(literal) && isPrivate(literal)) throw new Error(`${host} is private and not listed`)
      return await fetchText({ url, body, timeoutMs, headers }, isListed ? anywhere : publicOnly)
    },
    close: async () => void (await Promise.all([anywhere.destroy(), publicOnly.destroy()])),
  }
}

interface Posting {
  readonly url: string
  readonly body: string
  readonly timeoutMs: number
  readonly headers: Readonly<Record<string, string>>
}

async function fetchText({ url, body, timeoutMs, headers: sent }: Posting, dispatcher: Agent): Promise<Posted> {
  const { pathname, search, origin } = new URL(url)
  const {
    statusCode,
    headers,
    body: answer,
  } = await dispatcher.request({
    origin,
    path: `${pathname}${search}`,
    method: 'POST',
    headers: sent,
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
