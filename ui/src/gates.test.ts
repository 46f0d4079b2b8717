import { gateCodeSchema, type LoggedEntry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { nursing, travel } from './domain.fixture.ts'
import { gatesOf as gatesIn } from './gates.ts'

const gatesOf = (entry: LoggedEntry) => gatesIn(entry, [travel, nursing])
const AT = '2026-06-01T12:00:00.000Z'

function anEntry(entry: Partial<LoggedEntry>): LoggedEntry {
  return { v: 1, id: '01JW0000000000000000000000', at: AT, kind: 'evaluation', index: 0, ...entry } as LoggedEntry
}

test('a gate before the first failure was passed, and one behind it was not what decided', () => {
  const gates = gatesOf(anEntry({ decision: false, action: 'execute', reasons: [{ code: 'persona_unknown' }] }))
  expect(gates.map(({ name, outcome }) => [name, outcome])).toEqual([
    ['Question', 'holds'],
    ['Session', 'holds'],
    ['Persona', 'fails'],
    ['Authority', 'open'],
  ])
})

test('a permit holds everywhere, and says by what authority', () => {
  const gates = gatesOf(anEntry({ decision: true, action: 'execute', reasons: [{ code: 'owner' }] }))
  expect(gates.every(({ outcome }) => outcome === 'holds')).toBe(true)
  expect(gates.find(({ name }) => name === 'Authority')?.says).toBe('the owner, in person')
})

test('a gate of the domain names both figures when it failed', () => {
  const code = gateCodeSchema.parse('price_above_limit')
  const reason = { code, gate: 'price', limit: 410_000, actual: 420_000, currency: 'EUR' }
  const gates = gatesOf(anEntry({ decision: false, action: 'execute', actor: 'agent:a', reasons: [reason] }))
  expect(gates.at(-1)).toMatchObject({ name: 'Price', outcome: 'fails' })
  expect(gates.at(-1)?.says).toMatch(/EUR\s4,200\.00, and the limit is EUR\s4,100\.00/u)
  expect(gates.some(({ name }) => name === 'Agent')).toBe(true)
})

test('what is no decision has no gates', () => {
  expect(gatesOf(anEntry({ kind: 'log_read' }))).toEqual([])
})

test("values and gates have the labels and units of the entry's domain", () => {
  const reasons = [
    { code: gateCodeSchema.parse('effort_above_limit'), gate: 'effort', attribute: 'effort', limit: 30, actual: 45 },
  ]
  const care = { decision: false, action: 'execute', resource: 'care_task:1' }
  expect(gatesOf(anEntry({ ...care, reasons })).at(-1)).toEqual({
    name: 'Effort',
    outcome: 'fails',
    says: '45 minutes, and the limit is 30 minutes',
  })
  const permitted = anEntry({ ...care, decision: true, reasons: [{ code: 'owner' }], attributes: { effort: 10 } })
  expect(gatesOf(permitted).at(-1)).toEqual({
    name: 'Effort',
    outcome: 'holds',
    says: '10 minutes; within every limit',
  })
})
