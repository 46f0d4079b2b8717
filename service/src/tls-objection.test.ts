import { beforeAll, expect, test } from 'vitest'
import { makeCertificate } from './certificate.fixture.ts'
import type { Tls } from './listener.ts'
import { tlsObjection } from './tls-objection.ts'

let ours: Tls
let other: Tls
beforeAll(() => {
  ours = makeCertificate()
  other = makeCertificate()
})

test.for<readonly [string, () => Parameters<typeof tlsObjection>[0], RegExp | undefined]>([
  ['neither', () => ({ cert: undefined, key: undefined }), undefined],
  ['a pair', () => ours, undefined],
  ['a certificate alone', () => ({ cert: ours.cert, key: undefined }), /together/u],
  ['the key of another certificate', () => ({ cert: ours.cert, key: other.key }), /do not belong together/u],
  ['something that is not PEM', () => ({ cert: 'x', key: 'y' }), /not PEM/u],
])('%s', ([, pair, objection]) => {
  const found = tlsObjection(pair())
  if (objection) expect(found).toMatch(objection)
  else expect(found).toBeUndefined()
})
