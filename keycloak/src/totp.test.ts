import { expect, test } from 'vitest'
import { fromBase32, TOTP_STEP_SECONDS, toBase32, totpCode } from './totp.ts'

const RFC_SECRET = toBase32(Buffer.from('12345678901234567890'))

test.for([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_234_567_890, '005924'],
  [20_000_000_000, '353130'],
] as const)('RFC 6238, appendix B: at %i s the code is %s', ([seconds, code]) => {
  expect(totpCode(RFC_SECRET, Math.floor(seconds / TOTP_STEP_SECONDS))).toBe(code)
})

test('Base32 is that of RFC 4648, without padding', () => {
  expect(toBase32(Buffer.from('foobar'))).toBe('MZXW6YTBOI')
  expect(fromBase32('mzxw6ytboi======').toString()).toBe('foobar')
  expect(() => fromBase32('0OOO')).toThrow(TypeError)
})
