import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { VaultKeys } from '../store/encryption.ts'
import { PageTokens, type TokenBinding } from './page-tokens.ts'

const key = randomBytes(32)
const tokens = new PageTokens(new VaultKeys(key))
const of: TokenBinding = { list: 'GET /x', by: { name: 'user:p_1', actor: undefined }, question: { a: 1, b: 'é' } }
const position = z.object({ after: z.string() })
const decrypt = (token: string, other: Partial<TokenBinding> = {}) =>
  tokens.decrypt(token, 'cursor', position, { ...of, ...other })

test('a token opens for the caller and the question that it was given for', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (after) => {
      expect(decrypt(tokens.encrypt({ after }, of))).toEqual({ after })
    }),
  )
  expect(decrypt(tokens.encrypt({ after: 'x' }, of), { question: { b: 'é', a: 1 } })).toEqual({ after: 'x' })
})

test.for<readonly [string, Partial<TokenBinding>]>([
  ['another caller', { by: { name: 'user:p_2', actor: undefined } }],
  ['another actor', { by: { name: 'user:p_1', actor: 'agent:x' } }],
  ['another question', { question: { a: 1 } }],
  ['another list', { list: 'GET /y' }],
])('for %s it is refused by name', ([, other]) => {
  const token = tokens.encrypt({ after: 'x' }, of)
  expect(() => decrypt(token, other)).toThrow(/^cursor: belongs to another caller or another request/u)
})

test('it shows nothing of what it holds, not even its length, and no two are alike', () => {
  const token = tokens.encrypt({ after: 'workflow:planted' }, of)
  expect(Buffer.from(token, 'base64url').includes('planted')).toBe(false)
  expect(tokens.encrypt({ after: 'workflow:planted' }, of)).not.toBe(token)
  expect(tokens.encrypt({ after: 'w' }, of)).toHaveLength(token.length)
})

test('no other text opens', () => {
  const token = tokens.encrypt({ after: 'x' }, of)
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('A', 'B', '_', '', '=', 'AA'), (at, put) => {
      const altered = token.slice(0, at) + put + token.slice(at + 1)
      fc.pre(altered !== token)
      expect(() => decrypt(altered)).toThrow('cursor')
    }),
  )
  for (const text of ['', '.', 'x', `${token}=`, `${token}A`]) expect(() => decrypt(text), text).toThrow('cursor')
})

test('after a rotation of the key the old one opens what it sealed, and without it nothing does', () => {
  const token = tokens.encrypt({ after: 'x' }, of)
  const rotated = (older: readonly Uint8Array[]) => new PageTokens(new VaultKeys(randomBytes(32), older))
  expect(rotated([key]).decrypt(token, 'cursor', position, of)).toEqual({ after: 'x' })
  expect(() => rotated([]).decrypt(token, 'cursor', position, of)).toThrow('cursor')
})
