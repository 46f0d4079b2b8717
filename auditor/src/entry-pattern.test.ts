import { canonical, type Entry, entrySchema, gateCodeSchema } from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import { matchesEntryPattern } from './entry-pattern.ts'

const LINK = {
  grant: 'G1',
  delegator: 'user:p_1',
  delegate: 'agent:booking-agent',
  actions: ['execute', 'read'],
  scope: 'workflow:w1',
  expires_at: '2026-12-01T00:00:00Z',
}
const ENTRY: Entry = {
  v: 1,
  id: '01KC0000000000000000000001',
  at: '2026-11-21T20:00:00.000Z',
  kind: 'evaluation',
  subject: 'user:p_1',
  actor: 'agent:booking-agent',
  caller: 'service:trips',
  persona: 'traveler/family',
  action: 'execute',
  resource: 'workflow_item:w1-é漢🙂',
  root: 'workflow:w1',
  owner: 'user:p_1',
  decision: false,
  reasons: [
    { code: gateCodeSchema.parse('price_above_limit'), gate: 'price', limit: 4100, actual: -4200.5, currency: 'EUR' },
    { code: gateCodeSchema.parse('x') },
  ],
  chain: [LINK, { ...LINK, actions: [] }],
  broken: [LINK],
  attributes: { price: 4200, risk: 'low', refundable: true },
  salt: 'ahz4xKpRi_9JHm4sJ-B39g',
  model: '01KCMODEL',
  policy: 'travel@3f2a',
  consistency: 'HIGHER_CONSISTENCY',
  round_trips: 2,
  as_of: { at: '2026-11-21T20:00:00.000Z', position: 41 },
  request_id: 'r-1',
  trace: '4bf92f3577b34da6a3ce929d0e0e4736',
  latency_ms: 1.234,
}
const SHORT: Entry = { v: 1, id: ENTRY.id, at: ENTRY.at, kind: 'refused', code: 'invalid_request', status: 400 }

/** Whether the text is JSON that the schema accepts. */
function isEntry(text: string): boolean {
  try {
    return entrySchema.safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}

test('entries as the log writes them match', () => {
  expect(matchesEntryPattern(canonical(ENTRY))).toBe(true)
  expect(matchesEntryPattern(canonical(SHORT))).toBe(true)
})

test('entries with free-form members or escapes do not match, and the schema accepts them', () => {
  for (const entry of [
    { ...SHORT, change: { any: ['thing'] } },
    { ...SHORT, target: 'a "quoted" one' },
  ]) {
    expect(matchesEntryPattern(canonical(entry))).toBe(false)
    expect(isEntry(canonical(entry))).toBe(true)
  }
})

describe('no text that the schema rejects matches', () => {
  const texts = [canonical(ENTRY), canonical(SHORT)]
  const SPLINTERS = [
    '',
    '"',
    '\\',
    ',',
    ':',
    '{',
    '}',
    '[',
    ']',
    '0',
    '9',
    '-',
    '.',
    'e',
    ' ',
    'u',
    '\n',
    '\u0085',
    'Z',
  ]

  test('when any character is replaced, removed or inserted', () => {
    let known = 0
    for (const text of texts)
      for (let at = 0; at < text.length; at += 1)
        for (const splinter of SPLINTERS)
          for (const kept of [0, 1]) {
            const changed = text.slice(0, at) + splinter + text.slice(at + 1 - kept)
            if (!matchesEntryPattern(changed)) continue
            known += 1
            expect(isEntry(changed), changed).toBe(true)
          }
    expect(known).toBeGreaterThan(1_000)
  })

  test.for([
    '0000-01-01T00:00:00.000Z',
    '2026-02-29T00:00:00.000Z',
    '2028-02-29T00:00:00.000Z',
    '2026-04-31T00:00:00.000Z',
    '2026-12-31T23:59:59.999Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-10T00:00:00.000Z',
    '2026-01-32T00:00:00.000Z',
    '2026-01-01T24:00:00.000Z',
    '2026-01-01T00:00:60.000Z',
  ])('at %s', (at) => {
    const text = canonical({ ...SHORT, at })
    if (matchesEntryPattern(text)) expect(isEntry(text)).toBe(true)
  })

  test('when a member is missing, of another type, duplicated or out of order', () => {
    for (const text of texts) {
      const members = text.slice(1, -1).split(/,(?="[a-z_]+":)/u)
      for (const [at, member] of members.entries()) {
        const [name = ''] = member.split(':')
        const variants = [
          members.toSpliced(at, 1),
          members.toSpliced(at, 0, member),
          ...['null', '1.5', '""', '[]', '{}', '"user:"', '99999999999999999999'].map((value) =>
            members.with(at, `${name}:${value}`),
          ),
          [...members.slice(at), ...members.slice(0, at)],
        ]
        for (const variant of variants) {
          const changed = `{${variant.join(',')}}`
          if (matchesEntryPattern(changed)) expect(isEntry(changed), changed).toBe(true)
        }
      }
    }
  })
})
