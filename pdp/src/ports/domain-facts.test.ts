import type { ResourceRef } from '@mandate/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Fact, factKey } from './domain-facts.ts'

const name = fc.constantFrom('a', 'b')
const id = fc.string({ unit: fc.constantFrom(...'ab:# *'), minLength: 1, maxLength: 5 })
const ref = fc.tuple(name, id).map(([type, own]): ResourceRef => `${type}:${own}`)
const relation = fc.tuple(name, ref, fc.option(name, { nil: undefined }), name, ref).map(
  ([domain, subject, subjectRelation, rel, resource]): Fact => ({
    domain,
    subject,
    subjectRelation,
    relation: rel,
    resource,
    condition: undefined,
  }),
)
const attributes = fc.tuple(name, ref).map(([domain, of]): Fact => ({ domain, of, attributes: {} }))
const fact = fc.oneof(relation, attributes)

test('A5: no two facts share a key, whatever the ids in them hold', () => {
  fc.assert(
    fc.property(fact, fact, (one, other) => {
      expect(factKey(one) === factKey(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
    }),
    { numRuns: 5_000 },
  )
})

test('keys of facts without odd ids are those of older versions', () => {
  const relationFact: Fact = {
    domain: 'd',
    subject: 'group:g',
    subjectRelation: 'member',
    relation: 'reader',
    resource: 'doc:a b',
    condition: undefined,
  }
  expect(factKey(relationFact)).toBe('d group:g#member reader doc:a b')
  expect(factKey({ domain: 'd', of: 'doc:1', attributes: {} })).toBe('d doc:1')
})
