import { isIP } from 'node:net'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isDuration, isIpAddress } from './value-form.ts'

test.for(['0s', '36h', '1h30m', '90m', '1m1h', '250ms', '-5m', '2500000h'])('%s is a duration', (text) => {
  expect(isDuration(text)).toBe(true)
})

test.for(['', '0', '5', '1.5h', '1d', '5us', '1 h', 'PT1H', '+1h', '1h ', '2500001h', '99999999999999999999h'])(
  '%j is none',
  (text) => expect(isDuration(text)).toBe(false),
)

test.for(['192.0.2.7', '::', '::1', '2001:db8::7', '::ffff:10.0.0.1', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:10.0.0.1'])(
  '%s is an address',
  (text) => expect(isIpAddress(text)).toBe(true),
)

test.for([
  '',
  '10.0.0',
  '010.0.0.1',
  '10.0.0.0/8',
  'fe80::1%eth0',
  '::ffff:300.1.1.1',
  '1::2::3',
  ':1::',
  '12345::',
  'host',
])('%j is none', (text) => expect(isIpAddress(text)).toBe(false))

test('addresses are those of the operating system', () => {
  const piece = fc.constantFrom('', ':', '::', '.', '0', '1', '10', '255', '256', '01', 'f', 'ffff', '10.0.0.1')
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  )
  fc.assert(fc.property(text, (one) => isIpAddress(one) === (isIP(one) !== 0)))
})
