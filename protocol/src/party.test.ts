import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idObjection, MAX_ID_BYTES } from './id.ts'
import { entityRef, partySchema, scopeSchema, splitRef } from './party.ts'

const text = fc.string({ unit: fc.constantFrom(...'ab:%3A#*'), minLength: 1, maxLength: 6 })

test('no two entities share a ref, whatever their types and ids hold', () => {
  fc.assert(
    fc.property(text, text, text, text, (type, id, otherType, otherId) => {
      expect(entityRef(type, id) === entityRef(otherType, otherId)).toBe(type === otherType && id === otherId)
    }),
    { numRuns: 2_000 },
  )
})

test.for(['did:web:example.com', 'urn:a:b#c', 'https://x.example/?a=b', 'a*', '*', 'a b', ':', '#'])(
  'A5: %s is an id, and comes back out of its ref',
  (id) => {
    expect(idObjection(id)).toBeUndefined()
    expect(splitRef(entityRef('workflow', id))).toEqual({ type: 'workflow', id })
    expect(splitRef(partySchema.parse(`user:${id}`))).toEqual({ type: 'user', id })
    expect(scopeSchema.parse(`workflow:${id}`)).toBe(`workflow:${id}`)
  },
)

test.for([
  ['', 'empty'],
  ['a\u0000', 'control'],
  ['a\nb', 'control'],
  ['a\u009f', 'control'],
  ['\ud800', 'Unicode'],
  ['x'.repeat(MAX_ID_BYTES + 1), '1024 bytes'],
  [`x${'é'.repeat(MAX_ID_BYTES / 2)}`, '1024 bytes'],
] as const)('A5: %j is none: %s', ([id, why]) => {
  expect(idObjection(id)).toContain(why)
  expect(partySchema.safeParse(`user:${id}`).success).toBe(false)
  expect(scopeSchema.safeParse(`workflow:${id}`).success).toBe(false)
})

test.for(['x'.repeat(MAX_ID_BYTES), 'é'.repeat(MAX_ID_BYTES / 2), '🧳'.repeat(MAX_ID_BYTES / 4)])(
  'A5: 1,024 bytes are an id',
  (id) => expect(idObjection(id)).toBeUndefined(),
)
