import { webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseVerifierKey } from './note.ts'
import { formatLogProof, parseLogProof, verifyLogProof } from './proof.ts'

const sha256 = async (data: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await webcrypto.subtle.digest('SHA-256', new Uint8Array(data)))
const vectors = z
  .object({
    key: z.string(),
    proofs: z.array(z.object({ entry: z.string(), index: z.int(), proof: z.string() })).min(5),
  })
  .parse(JSON.parse(readFileSync(new URL('../../test/vectors/tlog-proof.json', import.meta.url), 'utf8')))
const key = await parseVerifierKey(vectors.key)
const [first] = vectors.proofs
const claim = (proof: string, entry: string) => ({ proof, entry: new TextEncoder().encode(entry), keys: [key] })

describe('golden proofs', () => {
  test.for(vectors.proofs)('entry $index', async ({ proof, entry, index }) => {
    expect(await verifyLogProof(sha256, claim(proof, entry))).toMatchObject({ ok: true, index, signedBy: [key] })
    expect(formatLogProof(parseLogProof(proof))).toBe(proof)
    expect((await verifyLogProof(sha256, claim(proof, `${entry}!`))).ok).toBe(false)
  })

  test('a line of extra data is read, and binds nothing', async () => {
    const { entry = '', proof = '' } = first ?? {}
    const written = formatLogProof({ ...parseLogProof(proof), extra: Uint8Array.of(1, 2, 3) })
    expect(written.split('\n')[1]).toBe('extra AQID')
    expect(parseLogProof(written).extra).toEqual(Uint8Array.of(1, 2, 3))
    expect((await verifyLogProof(sha256, claim(written, entry))).ok).toBe(true)
  })

  test.for(['a hash is missing', 'a hash too many', 'a bit of a hash', 'a bit of the checkpoint'])(
    'does not hold: %s',
    async (how) => {
      const { entry = '', proof = '' } = vectors.proofs.at(-1) ?? {}
      const parsed = parseLogProof(proof)
      const [sibling = new Uint8Array(32), ...rest] = parsed.hashes
      const wrong = {
        'a hash is missing': { ...parsed, hashes: rest },
        'a hash too many': { ...parsed, hashes: [...parsed.hashes, sibling] },
        'a bit of a hash': { ...parsed, hashes: [sibling.with(0, (sibling[0] ?? 0) ^ 1), ...rest] },
        'a bit of the checkpoint': { ...parsed, checkpoint: parsed.checkpoint.replace(/\n(\d)/u, '\n1$1') },
      }[how]
      expect((await verifyLogProof(sha256, claim(formatLogProof(wrong ?? parsed), entry))).ok).toBe(false)
    },
  )
})

test.for([
  ['nothing', ''],
  ['another version', 'c2sp.org/tlog-proof@v2\nindex 0\n\nx'],
  ['no index', 'c2sp.org/tlog-proof@v1\n\nx'],
  ['a leading zero', 'c2sp.org/tlog-proof@v1\nindex 00\n\nx'],
  ['a negative index', 'c2sp.org/tlog-proof@v1\nindex -1\n\nx'],
  ['an index beyond what a number holds', 'c2sp.org/tlog-proof@v1\nindex 9007199254740993\n\nx'],
  ['extra data that is no base 64', 'c2sp.org/tlog-proof@v1\nextra ?\nindex 0\n\nx'],
  ['extra data behind the index', 'c2sp.org/tlog-proof@v1\nindex 0\nextra AA==\n\nx'],
  ['a short hash', 'c2sp.org/tlog-proof@v1\nindex 0\nAA==\n\nx'],
  ['too many hashes', `c2sp.org/tlog-proof@v1\nindex 0${`\n${'A'.repeat(43)}=`.repeat(54)}\n\nx`],
  ['no checkpoint', 'c2sp.org/tlog-proof@v1\nindex 0\n'],
] as const)('is no proof: %s', async ([, text]) => {
  expect(() => parseLogProof(text)).toThrow(SyntaxError)
  expect(await verifyLogProof(sha256, claim(text, ''))).toMatchObject({ ok: false })
})
