import type { PartyRef } from '@mandate/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  allScope,
  deedScope,
  encodeId,
  objectName,
  partScope,
  personaId,
  personaName,
  personaParts,
  seatOf,
  seatOnBehalf,
} from './names.ts'

const URIS = [
  'did:web:example.com#key-1',
  'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66',
  'spiffe://example.org/ns/a/sa/b',
  'arn:aws:s3:::bucket/*',
  'https://example.com/a?b=c&d=%23#e',
  '*',
]
/** Ids as callers may send them, short enough and too long to be spelled out, and some that look like what we make of others. */
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(...'=~|.:#*@/ h3DFa'), minLength: 1, maxLength: 80 }),
  fc.constantFrom(...URIS),
)
const id = fc.oneof(anyText, anyText.map(encodeId), anyText.map(encodeURIComponent))
const party = fc.tuple(fc.constantFrom('user', 'agent'), id).map(([type, name]) => `${type}:${name}` as PartyRef)

describe('A5: ids are encoded injectively', () => {
  test('no two ids share a name', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(encodeId(a) === encodeId(b)).toBe(a === b)
      }),
    )
  })

  test('a name is short and holds nothing that OpenFGA or our joints use', () => {
    fc.assert(
      fc.property(id, (a) => {
        expect(encodeId(a)).toMatch(/^[A-Za-z0-9_=-]{1,64}$/)
      }),
    )
  })

  test.for([
    ['3d0ff5f8-1a43-4c1c-9e06-0f4b8d6c2a11', '3d0ff5f8-1a43-4c1c-9e06-0f4b8d6c2a11'],
    ['a@b', 'a=40b'],
    ['=', '=3D'],
    ['=h', '=3Dh'],
    ['é', '=C3=A9'],
    ['a|b~c.d', 'a=7Cb=7Ec=2Ed'],
    ['*', '=2A'],
    ['did:x#1', 'did=3Ax=231'],
    ['a'.repeat(64), 'a'.repeat(64)],
  ] as const)('%s is spelled %s', ([text, name]) => {
    expect(encodeId(text)).toBe(name)
  })

  test('what is too long is hashed, and no spelled-out name looks like a hash', () => {
    expect(encodeId('a'.repeat(65))).toMatch(/^=h[A-Za-z0-9_-]{43}$/)
    expect(encodeId('a'.repeat(65))).not.toBe(encodeId('a'.repeat(66)))
    expect(encodeId(encodeId('a'.repeat(65)))).not.toBe(encodeId('a'.repeat(65)))
  })
})

describe('seats', () => {
  const scope = fc.oneof(
    fc.constantFrom(deedScope('01K'), allScope('travel', 'p_1.traveler.family.1')),
    party.map((part) => partScope('01K', part)),
  )
  const seat = fc.oneof(
    fc.tuple(scope, party).map(([where, who]) => ({ key: JSON.stringify([where, who]), name: seatOf(where, who) })),
    fc
      .tuple(scope, party, party)
      .map(([where, who, by]) => ({ key: JSON.stringify([where, who, by]), name: seatOnBehalf(where, who, by) })),
  )

  test('no two seats share a name', () => {
    fc.assert(
      fc.property(seat, seat, (a, b) => {
        expect(a.name === b.name).toBe(a.key === b.key)
      }),
    )
  })

  test('the longest seat fits an OpenFGA object id', () => {
    const longest = '/'.repeat(1_024)
    const persona = personaId({
      holder: `user:p_${'a'.repeat(22)}`,
      title: 't'.repeat(30),
      circle: 'c'.repeat(30),
      n: 999,
    })
    const scopes = [allScope('d'.repeat(30), persona), partScope('0'.repeat(26), `${'t'.repeat(30)}:${longest}`)]
    for (const where of scopes) {
      const name = seatOnBehalf(where, `user:p_${'a'.repeat(22)}`, `agent:${longest}`)
      expect(Buffer.byteLength(`seat:${name}`)).toBeLessThanOrEqual(256)
    }
  })

  test('an object is its type and its encoded id', () => {
    expect(objectName('user:a b')).toBe('user:a=20b')
  })
})

describe('the id of a persona', () => {
  test('says whose it is, and as what', () => {
    const parts = { holder: 'user:p_1', title: 'travel-agent', circle: 'acme', n: 2 } as const
    const persona = personaId(parts)
    expect(persona).toBe('p_1.travel-agent.acme.2')
    expect(personaParts(persona)).toEqual(parts)
    expect(personaName(persona)).toBe('travel-agent/acme')
  })

  test('nonsense is nobody`s', () => {
    expect(personaParts('x')).toEqual({ holder: 'user:x', title: '', circle: '', n: 0 })
  })
})
