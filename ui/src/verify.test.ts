import {
  type AsyncSha256,
  formatLogProof,
  leafHashAsync,
  signCheckpoint,
  signerOf,
  toBase64,
  type VerifierKey,
} from '@mandate/protocol'
import { beforeAll, expect, test } from 'vitest'
import { checkProof, leafText, pinnedKeys, type RawEntry } from './verify.ts'

const ORIGIN = 'log.example/test'
const NODE_PREFIX = 1
const sha256: AsyncSha256 = async (data) => new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(data)))
const leafOf = (entry: RawEntry): Promise<Uint8Array> =>
  leafHashAsync(sha256, new TextEncoder().encode(leafText(entry)))

const logged: RawEntry = { id: 'one', action: 'read', index: 1, origin: ORIGIN }
let proof: string
let key: VerifierKey
let stranger: VerifierKey

beforeAll(async () => {
  const signer = await signerOf(ORIGIN, new Uint8Array(32).fill(7))
  key = signer.verifierKey
  stranger = (await signerOf(ORIGIN, new Uint8Array(32).fill(8))).verifierKey
  const before = await leafOf({ id: 'zero' })
  const root = await sha256(Uint8Array.of(NODE_PREFIX, ...before, ...(await leafOf(logged))))
  const checkpoint = await signCheckpoint({ origin: ORIGIN, size: 2, root, extensions: [] }, signer)
  proof = formatLogProof({ index: 1, hashes: [before], checkpoint })
})

test('an entry that is in the tree of a root signed by a pinned key holds', async () => {
  const { verdict, checks } = await checkProof(logged, proof, [key])
  expect(verdict).toBe('holds')
  expect(checks.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    'leaf holds',
    'inclusion holds',
    'signature holds',
    'memory holds',
  ])
})

test.for([
  ['a member that was altered', { ...logged, action: 'execute' }],
  ['a member that was added', { ...logged, more: 1 }],
  ['another place in the log', { ...logged, index: 0 }],
] as const)('%s fails', async ([, entry]) => {
  expect((await checkProof(entry, proof, [key])).verdict).toBe('fails')
})

test('an entry of which the reader is not shown all is proved by its hash, and told from one that is whole', async () => {
  const { action: _action, ...shown } = logged
  const given = { ...shown, withheld: ['action'], leaf: toBase64(await leafOf(logged)) }
  const { verdict, checks } = await checkProof(given, proof, [key])
  expect([verdict, checks[0]?.outcome, checks[1]?.outcome]).toEqual(['partial', 'unknown', 'holds'])
  const other = { ...given, leaf: toBase64(await leafOf({ id: 'another' })) }
  expect((await checkProof(other, proof, [key])).verdict).toBe('fails')
  expect((await checkProof({ ...given, leaf: '?' }, proof, [key])).verdict).toBe('fails')
  expect((await checkProof(given, proof, [])).verdict).toBe('unpinned')
})

test('a root that another key signed fails, and is not remembered', async () => {
  const { verdict, checks } = await checkProof(logged, proof, [stranger])
  expect(verdict).toBe('fails')
  expect(checks.some(({ name }) => name === 'memory')).toBe(false)
})

test('without a pinned key the signature of the tree is not checked', async () => {
  expect((await checkProof(logged, proof, [])).verdict).toBe('unpinned')
})

test.for(['', 'c2sp.org/tlog-proof@v1\nindex 1\n', 'rubbish\n\nrubbish'])(
  '%j is a check that fails, not an error',
  async (text) => {
    expect((await checkProof(logged, text, [key])).verdict).toBe('fails')
  },
)

test('a key that cannot be read pins nothing', async () => {
  expect(await pinnedKeys(['rubbish'])).toEqual([])
})
