import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluationRequestSchema } from './authzen.ts'
import { hasEvaluationForm, parseEvaluationRequest } from './authzen-form.ts'

const REQUEST = {
  subject: {
    type: 'user',
    id: 'ada',
    properties: { persona: 'traveler/family', act: { sub: 'x', act: { sub: 'y' } }, sid: 's', iat: 1, more: [1] },
  },
  action: { name: 'execute', properties: { soft: true } },
  resource: { type: 'workflow_item', id: 't-1', properties: { price: { amount: '5', currency: 'EUR' } } },
  context: { time: 1 },
  more: { __proto: 1 },
}

test('a request of known and unknown members has the form, and is a request', () => {
  expect(hasEvaluationForm(REQUEST)).toBe(true)
  expect(evaluationRequestSchema.parse(REQUEST)).toEqual(REQUEST)
})

/** Values that members are replaced by. */
const ODD: readonly unknown[] = [
  undefined,
  null,
  '',
  'x',
  'a\nb',
  '\u0085',
  '\ud800',
  'é'.repeat(512),
  'é'.repeat(513),
  'x'.repeat(1_025),
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  [],
  {},
  { sub: '' },
  { sub: 'x', more: 1 },
  { type: 'user', id: 'x' },
  { type: 'user', id: 'x', properties: null },
  { type: 'user', id: 'x', properties: [] },
  { name: 'read' },
  { name: '' },
  JSON.parse('{"__proto__":1}'),
  JSON.parse('{"type":"user","id":"x","__proto__":{"id":"y"}}'),
  JSON.parse('{"name":"read","properties":{"__proto__":1}}'),
  new Date(0),
  Object.create({ type: 'user', id: 'x' }),
]

/** All paths of a value, its own among them. */
function pathsOf(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([name, member]) => pathsOf(member).map((path) => [name, ...path]))]
}

function replaced(value: unknown, [name, ...path]: readonly string[], odd: unknown): unknown {
  if (name === undefined) return odd
  // An earlier change has taken the member away.
  if (typeof value !== 'object' || value === null) return value
  const object = value as Readonly<Record<string, unknown>>
  return { ...object, [name]: replaced(object[name], path, odd) }
}

test('says yes to nothing that the schema refuses or changes', () => {
  const path = fc.constantFrom(...pathsOf(REQUEST))
  const odd = fc.oneof(fc.constantFrom(...ODD), fc.jsonValue(), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(fc.array(fc.tuple(path, odd), { maxLength: 2 }), (changes) => {
      const value = changes.reduce<unknown>((before, [at, by]) => replaced(before, at, by), REQUEST)
      const parsed = evaluationRequestSchema.safeParse(value)
      if (hasEvaluationForm(value)) expect(parsed.success && isDeepStrictEqual(parsed.data, value)).toBe(true)
      expect(parseEvaluationRequest(value)).toEqual(parsed)
    }),
    { numRuns: 1_000 },
  )
})

test('says yes to every ordinary request, so that the schema is asked about few', () => {
  const id = fc.string({ unit: fc.constantFrom(...'aZ9-_:é€'), minLength: 1, maxLength: 40 })
  const properties = fc.dictionary(id, fc.jsonValue({ maxDepth: 2 }))
  const entity = fc.record({ type: id, id, properties }, { requiredKeys: ['type', 'id'] })
  const request = fc.record(
    { subject: entity, action: fc.record({ name: id }), resource: entity, context: properties },
    { requiredKeys: ['subject', 'action', 'resource'] },
  )
  fc.assert(fc.property(request, (value) => hasEvaluationForm(JSON.parse(JSON.stringify(value)))))
})
