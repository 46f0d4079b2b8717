/**
 * IP addresses of conditions, as OpenFGA's `ipaddress` type reads and compares them (Go's `net/netip`).
 *
 * @module
 */
import { isIPv4, isIPv6 } from 'node:net'

const V4_BITS = 32
const V6_BITS = 128
/** The upper 96 bits of an IPv4 address that is mapped into IPv6: `::ffff:0:0/96`. */
const MAPPED = 0xffffn

export class IpAddress {
  readonly bits: number
  readonly value: bigint

  constructor(bits: number, value: bigint) {
    this.bits = bits
    this.value = value
  }
}

/**
 * Parses an address without a zone. An IPv4 address mapped into IPv6 is an IPv4 address.
 *
 * @returns `undefined` for text that is no address.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  const address = readAddress(text)
  if (address?.bits === V6_BITS && address.value >> 32n === MAPPED)
    return new IpAddress(V4_BITS, address.value & 0xffff_ffffn)
  return address
}

function readAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return new IpAddress(V4_BITS, v4Value(text))
  if (!isIPv6(text) || text.includes('%')) return undefined
  return new IpAddress(V6_BITS, v6Value(text))
}

const v4Value = (text: string): bigint => text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n)

function v6Value(text: string): bigint {
  const dotted = /[^:]*\.[^:]*$/u.exec(text)?.[0]
  const plain = dotted ? text.slice(0, -dotted.length) + hexOf(v4Value(dotted)) : text
  const [head = '', tail] = plain.split('::')
  const groupsOf = (part: string): readonly string[] => (part === '' ? [] : part.split(':'))
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

const hexOf = (v4: bigint): string => `${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`

/**
 * Whether an address lies in a network.
 *
 * @throws TypeError for text that is no CIDR, as `in_cidr` of OpenFGA fails then.
 */
export function isInNetwork(address: IpAddress, cidr: string): boolean {
  const network = parseNetwork(cidr)
  if (!network) throw new TypeError('malformed CIDR')
  if (network.address.bits !== address.bits) return false
  const shift = BigInt(address.bits - network.prefix)
  return address.value >> shift === network.address.value >> shift
}

function parseNetwork(cidr: string): { readonly address: IpAddress; readonly prefix: number } | undefined {
  const slash = cidr.lastIndexOf('/')
  if (slash < 0) return undefined
  const length = cidr.slice(slash + 1)
  const address = readAddress(cidr.slice(0, slash))
  // Go's ParsePrefix takes no sign and no leading zero.
  if (!address || !/^(0|[1-9]\d{0,2})$/u.test(length) || Number(length) > address.bits) return undefined
  const prefix = Number(length)
  // A mapped network of at least /96 is an IPv4 network; a wider one holds no IPv4 address.
  if (address.bits === V6_BITS && prefix >= V6_BITS - V4_BITS && address.value >> 32n === MAPPED)
    return { address: new IpAddress(V4_BITS, address.value & 0xffff_ffffn), prefix: prefix - (V6_BITS - V4_BITS) }
  return { address, prefix }
}
