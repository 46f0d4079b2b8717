import { gateCodeSchema, type LoggedEntry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { escapeControls, formatEntry, formatTable } from './format-text.ts'

const ENTRY: LoggedEntry = {
  v: 1,
  id: '01KC0000000000000000000000',
  at: '2026-11-21T20:15:04.120Z',
  kind: 'evaluation',
  subject: 'user:p_helper',
  actor: 'agent:booking-agent',
  action: 'execute',
  resource: 'workflow_item:w1-hotel',
  owner: 'user:p_owner',
  decision: false,
  reasons: [
    {
      code: gateCodeSchema.parse('price_above_limit'),
      gate: 'price',
      attribute: 'planned_price',
      limit: 410_000,
      actual: 420_000,
      currency: 'EUR',
    },
  ],
  attributes: { 'planned_price.EUR': 420_000 },
  chain: [
    {
      grant: 'G1',
      delegator: 'user:p_owner',
      delegate: 'user:p_helper',
      actions: ['execute', 'read'],
      scope: 'workflow:w1',
      expires_at: '2026-12-01T00:00:00Z',
    },
    {
      grant: 'G2',
      delegator: 'user:p_helper',
      delegate: 'agent:booking-agent',
      actions: ['execute'],
      scope: 'workflow:w1',
      expires_at: '2026-12-01T00:00:00Z',
    },
  ],
  policy: 'travel@3f2a',
  index: 7,
  origin: 'pdp.example/log',
}

test('a table has one line a decision, aligned', () => {
  const [head = '', first = '', second = ''] = formatTable([
    ENTRY,
    { ...ENTRY, decision: true, reasons: [{ code: 'delegated' }] },
  ]).split('\n')
  expect(first).toMatch(/^2026-11-21T20:15:04.120Z {2}deny .*price_above_limit.*01KC0{22}$/u)
  expect(head.indexOf('ACTOR')).toBe(first.indexOf('agent:booking-agent'))
  expect(second.indexOf('agent:booking-agent')).toBe(first.indexOf('agent:booking-agent'))
})

test('one decision is drawn with its chain from the owner to the actor, and its reason with limit and actual', () => {
  expect(formatEntry(ENTRY)).toContain(
    'reason    price_above_limit (gate price): planned_price 4,200.00 EUR, limit 4,100.00 EUR',
  )
  expect(formatEntry(ENTRY)).toContain('attribute planned_price.EUR = 420000 (4,200.00 EUR)')
  expect(formatEntry(ENTRY)).toContain(
    [
      'chain',
      '  user:p_owner  (owner)',
      '  └─ grant G1: execute, read on workflow:w1 until 2026-12-01T00:00:00Z',
      '     → user:p_helper',
      '    └─ grant G2: execute on workflow:w1 until 2026-12-01T00:00:00Z',
      '       → agent:booking-agent',
    ].join('\n'),
  )
  expect(formatEntry(ENTRY)).toContain('index     7 in pdp.example/log')
  expect(formatEntry({ ...ENTRY, chain: [], decision: true })).toContain('none: in person')
  expect(formatEntry({ ...ENTRY, chain: [], decision: false })).not.toContain('in person')
  const broken = formatEntry({ ...ENTRY, chain: [], broken: ENTRY.chain ?? [] })
  expect(broken).toContain('none was valid; the nearest')
  expect(broken).toContain('└─ grant')
})

test.each([
  ['\u001b[2Jgone', '\\u{1b}[2Jgone'],
  ['a\nb', 'a\\u{a}b'],
  ['\u202eturned', '\\u{202e}turned'],
  ['\u009b31m', '\\u{9b}31m'],
  ['Zoë → 東京', 'Zoë → 東京'],
])('%j cannot play with a terminal', (text, shown) => {
  expect(escapeControls(text)).toBe(shown)
  expect(formatTable([{ ...ENTRY, resource: text }])).toContain(shown)
})
