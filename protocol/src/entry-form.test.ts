import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonical } from './canonical.ts'
import { entrySchema } from './entry.ts'
import { hasEntryForm, parseLogEntry } from './entry-form.ts'
import { serializeEntry } from './entry-text.ts'

const LINK = {
  grant: '01K0AAAAAAAAAAAAAAAAAAAAAA',
  delegator: 'user:p_a',
  delegate: 'agent:x',
  actions: ['read'],
  scope: 'workflow:t',
  expires_at: '2026-11-27T00:00:00.000Z',
}
const DECISION = {
  v: 1,
  id: '01K0AAAAAAAAAAAAAAAAAAAAAA',
  at: '2026-11-27T23:59:59.123Z',
  as_of: { at: '2026-11-27T23:59:59Z', position: 7 },
  kind: 'evaluation',
  subject: 'user:p_a',
  actor: 'agent:x',
  caller: 'service:trips',
  persona: 'traveler/family',
  action: 'execute',
  resource: 'workflow_item:t-1',
  root: 'workflow:t',
  owner: 'user:p_a',
  decision: false,
  reasons: [{ code: 'grant_limit', attribute: 'price', limit: 5, actual: '6', currency: 'EUR', grant: 'g', gate: 'm' }],
  chain: [LINK, LINK],
  broken: [LINK],
  attributes: { price: 5, soft: true, status: 'open' },
  model: '01K0MODEL',
  policy: 'travel@abc',
  consistency: 'READ_BARRIER',
  round_trips: 0,
  request_id: 'r',
  trace: 'ab',
  salt: 'c2FsdA',
  latency_ms: 1.25,
  code: 'x',
  status: 200,
}

test('an entry of a decision has the form, and is an entry', () => {
  expect(hasEntryForm(DECISION)).toBe(true)
  expect(entrySchema.parse(DECISION)).toEqual(DECISION)
})

test('an entry with every member is serialized canonically', () => {
  expect(serializeEntry(DECISION)).toEqual({ success: true, text: canonical(DECISION) })
  expect(serializeEntry(JSON.parse(canonical(DECISION)))).toEqual({ success: true, text: canonical(DECISION) })
})

/** Values that members are replaced by: valid ones of other members among them. */
const ODD: readonly unknown[] = [
  undefined,
  null,
  '',
  'x',
  'user:',
  'user:a\nb',
  'nobody:a',
  '01k0aaaaaaaaaaaaaaaaaaaaaa',
  '2026-02-30T00:00:00.000Z',
  '2026-02-28T00:00:00+02:00',
  '2026-02-28',
  -1,
  0,
  1.5,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  [],
  [undefined],
  Array.from({ length: 1 }),
  [LINK],
  [{ ...LINK, more: 1 }],
  [{ ...LINK, actions: [1] }],
  [{ code: 'x' }],
  [{ code: 'x', more: {} }],
  [{ code: undefined }],
  {},
  { a: { b: 1 } },
  JSON.parse('{"__proto__": 1}'),
  '\ud800',
  'a\\udead',
  'é\u2028"\n\u{1f600}',
  -0,
  { z: 1, b: 'é"', a: '\udc00' },
  { z: 1, 10: 2, 9: 3 },
  { toJSON: 'x', a: undefined },
  [{ code: 'x', limit: -0, attribute: undefined, actual: '\\ud' }],
  Object.create({ code: 'x' }),
  { at: '2026-02-28T00:00:00Z', position: -1 },
  { at: '2026-02-28T00:00:00Z', position: 1, more: 1 },
  new Date(0),
]

test('every changed entry is parsed as the schema parses it, and serialized canonically', () => {
  const names = [...Object.keys(entrySchema.shape), 'more', '__proto__', 'toString']
  const changes = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(fc.constantFrom(...ODD), fc.constantFrom(...Object.values(DECISION))),
    { maxKeys: 3 },
  )
  const left = fc.subarray(Object.keys(DECISION), { minLength: 20 })
  let accepted = 0
  fc.assert(
    fc.property(left, changes, (kept, changed) => {
      const entry: unknown = {
        ...Object.fromEntries(kept.map((name) => [name, Reflect.get(DECISION, name)])),
        ...changed,
      }
      if (hasEntryForm(entry)) accepted += 1
      const { success, data, error } = parseLogEntry(entry)
      const expected = entrySchema.safeParse(entry)
      return (
        textOf(() => serialized(entry)) === textOf(() => canonical(entrySchema.parse(entry))) &&
        success === expected.success &&
        isDeepStrictEqual(withoutEmpty(data), withoutEmpty(expected.data)) &&
        isDeepStrictEqual(error?.issues, expected.error?.issues)
      )
    }),
    { numRuns: 1_000 },
  )
  expect(accepted).toBeGreaterThan(20)
})

function serialized(entry: unknown): string {
  const result = serializeEntry(entry)
  if (result.success) return result.text
  throw result.error
}

/** The text, or the name and message of the error. */
function textOf(serialize: () => string): string {
  try {
    return serialize()
  } catch (error) {
    return String(error)
  }
}

/** Without members that are `undefined`, which JSON leaves out. */
const withoutEmpty = (value: object | undefined): object | undefined =>
  value && Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))
