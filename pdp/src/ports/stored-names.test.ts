import type { PartyRef, ResourceRef } from '@mandate/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Scope, Seat } from './grants.ts'
import { personaId } from './persona-id.ts'
import { seatKey } from './scopes.ts'
import { encodeId, objectName, scopeName, scopeOf, seatName } from './stored-names.ts'

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

/** A scope with the request's words for it. */
const covered: fc.Arbitrary<{ readonly scope: Scope; readonly covers: ResourceRef }> = fc.oneof(
  fc.constant({ scope: { deed: '01K', part: undefined }, covers: 'workflow:1' } as const),
  fc.constant({ scope: { domain: 'travel', persona: 'p_1.traveler.family.1' }, covers: 'all:travel' } as const),
  party.map((part) => ({ scope: { deed: '01K', part }, covers: part })),
)

describe('scopes', () => {
  test.for([
    ['deed~01K', { deed: '01K', part: undefined }],
    ['deed~01K~item~a=20b', { deed: '01K', part: 'item:a b' }],
    ['all~travel~p_1.traveler.family.1', { domain: 'travel', persona: 'p_1.traveler.family.1' }],
  ] as const)('%s is what rows and tuples of older releases hold', ([name, scope]) => {
    expect(scopeName(scope)).toBe(name)
  })

  test('a name is read back as the scope it was made of, whatever the ids in it hold', () => {
    fc.assert(
      fc.property(covered, ({ scope, covers }) => {
        expect(scopeOf(scopeName(scope), covers)).toEqual(scope)
      }),
    )
  })

  test.for([
    ['', 'all:travel'],
    ['deed~', 'workflow:1'],
    ['other~1', 'workflow:1'],
    ['deed~01K~item~1', 'item:2'],
  ] as const)('"%s" covering %s is no scope', ([name, covers]) => {
    expect(scopeOf(name, covers)).toBeUndefined()
  })
})

describe('seats', () => {
  const seat: fc.Arbitrary<Seat> = fc
    .tuple(covered, party, fc.option(party, { nil: undefined }))
    .map(([{ scope }, delegate, onBehalfOf]) => ({ scope, delegate, onBehalfOf }))

  test('no two seats share a name or a key', () => {
    fc.assert(
      fc.property(seat, seat, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b)
        expect(seatName(a) === seatName(b)).toBe(same)
        expect(seatKey(a) === seatKey(b)).toBe(same)
      }),
    )
  })

  test.for([
    [undefined, 'deed~01K|agent~x'],
    ['user:p_1', 'deed~01K|user~p_1|agent~x'],
  ] as const)('on behalf of %s: %s', ([onBehalfOf, name]) => {
    expect(seatName({ scope: { deed: '01K', part: undefined }, delegate: 'agent:x', onBehalfOf })).toBe(name)
  })

  test('the longest seat fits an OpenFGA object id', () => {
    const longest = '/'.repeat(1_024)
    const holder = `user:p_${'a'.repeat(22)}` as const
    const persona = personaId({ holder, title: 't'.repeat(30), circle: 'c'.repeat(30), n: 999 })
    const scopes: readonly Scope[] = [
      { domain: 'd'.repeat(30), persona },
      { deed: '0'.repeat(26), part: `${'t'.repeat(30)}:${longest}` },
    ]
    for (const scope of scopes) {
      const name = seatName({ scope, delegate: `agent:${longest}`, onBehalfOf: holder })
      expect(Buffer.byteLength(`seat:${name}`)).toBeLessThanOrEqual(256)
    }
  })

  test('an object is its type and its encoded id', () => {
    expect(objectName('user:a b')).toBe('user:a=20b')
  })
})
