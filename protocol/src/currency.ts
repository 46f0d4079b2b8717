/**
 * ISO 4217 currency codes and their minor units. Not CLDR's fraction digits (`Intl.NumberFormat`): those describe usual display, and give the
 * forint (HUF) 0 digits where ISO 4217, and so the wire format, has 2.
 *
 * @module
 */

/**
 * ISO 4217 list one ("current currency and funds"), as published on 2026-01-01 by the maintenance agency (SIX Financial Information).
 * `test/vectors/iso-4217.json` is that list; its codes without a minor unit (gold, SDR, test codes) are excluded: no price is in them.
 */
const BY_MINOR_UNIT: readonly (readonly [digits: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE ' +
      'CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD ' +
      'HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK ' +
      'MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD ' +
      'RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH ' +
      'USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG',
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
]

const MINOR_DIGITS: ReadonlyMap<string, number> = new Map(
  BY_MINOR_UNIT.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)),
)

/** All supported ISO 4217 codes, sorted. */
export const CURRENCIES: readonly string[] = [...MINOR_DIGITS.keys()].sort()

/** Decimal places of a currency's minor unit: 2 for EUR and HUF, 0 for JPY, 3 for KWD. `undefined` for an unknown code. */
export const minorDigitsOf = (currency: string): number | undefined => MINOR_DIGITS.get(currency)
