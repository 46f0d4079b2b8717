import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { amountText, moneyText, parseAmount, parseDecimal, parseMoney } from './amount.ts'
import { CURRENCIES, minorDigitsOf } from './currency.ts'

const ISO_4217 = z
  .object({ minor_units: z.record(z.string(), z.int().nullable()) })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/iso-4217.json', import.meta.url), 'utf8')))

test('the table is ISO 4217, list one: every code, with its minor units', () => {
  for (const [code, digits] of Object.entries(ISO_4217.minor_units))
    expect([code, minorDigitsOf(code)]).toEqual([code, digits ?? undefined])
  const priced = Object.keys(ISO_4217.minor_units).filter((code) => ISO_4217.minor_units[code] !== null)
  expect(CURRENCIES).toEqual(priced.sort())
})

test('no name of Object’s own is a currency', () => {
  for (const code of ['constructor', '__proto__', '', 'eur', 'EURO']) expect(minorDigitsOf(code)).toBeUndefined()
})

test.for([
  ['1500', 'EUR', 150_000],
  ['1,500', 'EUR', 150_000],
  ['1 500.5', 'EUR', 150_050],
  ['1\u202f500,5', 'EUR', 150_050],
  ['1’500.50', 'EUR', 150_050],
  [' 4100,00 ', 'EUR', 410_000],
  ['4.100,00', 'EUR', 410_000],
  ['4,100.00', 'EUR', 410_000],
  ['1,234,567', 'EUR', 123_456_700],
  ['1.234.567', 'EUR', 123_456_700],
  ['1.234.567,89', 'EUR', 123_456_789],
  ['0', 'EUR', 0],
  ['0.05', 'EUR', 5],
  ['0,05', 'EUR', 5],
  ['5,000', 'JPY', 5_000],
  ['5000', 'JPY', 5_000],
  ['5 000', 'JPY', 5_000],
  ['5,000', 'HUF', 500_000],
  ['5000,5', 'HUF', 500_050],
  ['4.125', 'KWD', 4_125],
  ['1,004.125', 'KWD', 1_004_125],
  ['4,12', 'KWD', 4_120],
  ['1.2345', 'CLF', 12_345],
  ['90,071,992,547,409.91', 'EUR', Number.MAX_SAFE_INTEGER],
] as const)('%j of %s is %i minor units', ([text, currency, value]) => {
  expect(parseAmount(text, currency)).toEqual({ ok: true, value })
})

test.for([
  ['', 'EUR', 'not_a_number'],
  ['many', 'EUR', 'not_a_number'],
  ['-1', 'EUR', 'not_a_number'],
  ['+1', 'EUR', 'not_a_number'],
  ['1e3', 'EUR', 'not_a_number'],
  ['€ 5', 'EUR', 'not_a_number'],
  ['٤', 'EUR', 'not_a_number'],
  ['.5', 'EUR', 'not_a_number'],
  ['5.', 'EUR', 'not_a_number'],
  ['4100,', 'EUR', 'not_a_number'],
  ['1,50,000', 'EUR', 'not_a_number'],
  ['15 00', 'EUR', 'not_a_number'],
  ['1,500,00', 'EUR', 'not_a_number'],
  ['1,500.000,00', 'EUR', 'not_a_number'],
  ['1 500,000', 'EUR', 'too_many_decimals'],
  ['0,500', 'EUR', 'too_many_decimals'],
  ['1.505', 'EUR', 'too_many_decimals'],
  ['1.500', 'EUR', 'too_many_decimals'],
  ['4100,00', 'JPY', 'too_many_decimals'],
  ['5.000', 'JPY', 'too_many_decimals'],
  ['4,125', 'KWD', 'ambiguous'],
  ['1,234', 'CLF', 'ambiguous'],
  ['90,071,992,547,409.92', 'EUR', 'too_large'],
  ['9'.repeat(400), 'JPY', 'too_large'],
  ['1', 'XXX', 'currency_unknown'],
  ['1', 'XAU', 'currency_unknown'],
  ['1', 'eur', 'currency_unknown'],
] as const)('%j of %s is refused: %s', ([text, currency, objection]) => {
  expect(parseAmount(text, currency)).toEqual({ ok: false, objection })
})

const anAmount = fc.tuple(fc.maxSafeNat(), fc.constantFrom(...CURRENCIES))

test('an amount that is shown is read as the same amount, in every currency', () => {
  fc.assert(
    fc.property(anAmount, ([minor, currency]) => {
      expect(parseAmount(amountText(minor, currency) ?? '', currency)).toEqual({ ok: true, value: minor })
    }),
  )
})

test('what is read never differs from the plain digits by more than where the point stands', () => {
  const separator = fc.constantFrom('', ' ', '.', ',', '’')
  const piece = fc.tuple(fc.stringMatching(/^\d{1,4}$/), separator).map(([digits, after]) => digits + after)
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 4 }), (pieces, decimals) => {
      const text = pieces.join('')
      const read = parseDecimal(text, decimals)
      if (!read.ok) return
      const digits = text.replaceAll(/\D/gu, '').replace(/^0+(?=\d)/u, '')
      expect(`${digits}0000`.startsWith(String(read.value)) || read.value === 0).toBe(true)
    }),
  )
})

test.for([
  [410_000, 'EUR', '4,100.00 EUR'],
  [5_000, 'JPY', '5,000 JPY'],
  [500_000, 'HUF', '5,000.00 HUF'],
  [4_125, 'KWD', '4.125 KWD'],
  [5, 'EUR', '0.05 EUR'],
  [-123_456, 'USD', '-1,234.56 USD'],
  [Number.MAX_SAFE_INTEGER, 'EUR', '90,071,992,547,409.91 EUR'],
  [420, 'XYZ', '420 minor units of XYZ'],
  [0.5, 'EUR', '0.5 minor units of EUR'],
] as const)('%d minor units of %s are shown as %s', ([minor, currency, text]) => {
  expect(moneyText(minor, currency)).toBe(text)
})

test.for([
  ['500 EUR', { amount: 50_000, currency: 'EUR' }],
  ['12.50eur', { amount: 1_250, currency: 'EUR' }],
  ['EUR 4,100.00', { amount: 410_000, currency: 'EUR' }],
  ['EUR\u00a04,100.00', { amount: 410_000, currency: 'EUR' }],
  ['-0.05 EUR', { amount: -5, currency: 'EUR' }],
  ['5000 JPY', { amount: 5_000, currency: 'JPY' }],
  ['500', undefined],
  ['EUR 500 EUR', undefined],
  ['500 XYZ', undefined],
  ['12.505 EUR', undefined],
  ['89 euros', undefined],
  ['', undefined],
] as const)('%s is read as money with its currency', ([text, money]) => {
  expect(parseMoney(text)).toEqual(money)
})

test('money that is shown is read as the same amount', () => {
  const amount = fc.integer({ min: -1e12, max: 1e12 })
  fc.assert(
    fc.property(amount, fc.constantFrom('EUR', 'JPY', 'KWD'), (value, currency) => {
      expect(parseMoney(moneyText(value, currency))).toEqual({ amount: value, currency })
    }),
  )
})
