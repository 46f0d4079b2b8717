import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressBlock, isLoopback, plainHttpObjection } from './network.ts'

test.for([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:203.0.113.7', '203.0.113.7'],
  ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:ffff::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/64'],
  ['64:ff9b:1:2:3:4:203.0.113.7', '64:ff9b:1:2::/64'],
  ['203.0.113.7:50123', '203.0.113.7'],
  ['[2001:db8:1:2::6]:50123', '2001:db8:1:2::/64'],
  ['[2001:db8:1:2::6]', '2001:db8:1:2::/64'],
  ['[::ffff:203.0.113.7]:1', '203.0.113.7'],
  ['', ''],
  ['unknown', 'unknown'],
] as const)('the block of %s is %s', ([address, block]) => {
  expect(addressBlock(address)).toBe(block)
})

test('all addresses of one /64 share a block, however they are written, and no two /64 do', () => {
  const group = fc.integer({ min: 0, max: 0xffff })
  const site = fc.tuple(group, group, group, group)
  const written = (groups: readonly number[], long: boolean) =>
    groups.map((one) => (long ? one.toString(16).padStart(4, '0').toUpperCase() : one.toString(16))).join(':')
  const property = fc.property(site, site, site, fc.boolean(), (one, host, other, long) => {
    const block = addressBlock(written([...one, ...host], long))
    expect(addressBlock(written([...one, ...other], !long))).toBe(block)
    expect(addressBlock(written([...other, ...host], long)) === block).toBe(String(one) === String(other))
  })
  fc.assert(property)
})

test.for([
  ['https://id.example/realms/x', []],
  ['http://127.0.0.1:8080', []],
  ['http://127.1/', []],
  ['http://localhost:1', []],
  ['http://[::1]:1', []],
  ['http://keycloak:8080', ['pdp', 'keycloak']],
  ['not a URL', []],
] as const)('%s may be called', ([url, hosts]) => {
  expect(plainHttpObjection(url, hosts)).toBeUndefined()
})

test.for([
  ['http://pdp:8181', []],
  ['http://10.0.0.7', ['10.0.0.8']],
  ['http://127.0.0.1.evil.example', []],
  ['http://127.0.0.1@evil.example/', []],
  ['http://localhost.example', []],
  ['http://keycloak.example', ['keycloak']],
] as const)('%s is plain HTTP off loopback', ([url, hosts]) => {
  expect(plainHttpObjection(url, hosts)).toContain(`plain HTTP to ${new URL(url).hostname}`)
})

test.for([
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['127.0.0.1.evil.example', false],
  ['1127.0.0.1', false],
] as const)('%s is loopback: %s', ([host, expected]) => {
  expect(isLoopback(host)).toBe(expected)
})
