import { expect, test } from 'vitest'
import {
  formatWitnessKey,
  formatWitnessSecret,
  parseWitnessKey,
  parseWitnessSecret,
  verifyCosignatures,
  witnessSignerOf,
} from './cosignature.ts'
import { formatNote, parseNote, parseVerifierKey, signerOf, verifyNote } from './note.ts'
import { formatAddCheckpoint, parseAddCheckpoint, parseSize } from './witness.ts'

const SEED = new Uint8Array(32).fill(7)
const TEXT = 'log.example\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
const AT = 1_679_315_147
const HASH = new Uint8Array(32).fill(9)

const aWitness = () => witnessSignerOf('witness.example/w1', SEED)
const cosigned = async (at = AT): Promise<string> =>
  formatNote({ text: TEXT, signatures: [await (await aWitness()).cosign(TEXT, at)] })

test('a cosignature holds for its text, its time and its key', async () => {
  const { key } = await aWitness()
  const note = parseNote(await cosigned())
  expect(await verifyCosignatures(note, [key])).toMatchObject({ ok: true, cosigned: [{ key, at: AT }] })
  expect(await verifyCosignatures({ ...note, text: TEXT.replace('163', '164') }, [key])).toMatchObject({ ok: false })
  const { key: stranger } = await witnessSignerOf('witness.example/w1', HASH)
  expect(await verifyCosignatures(note, [stranger])).toEqual({ ok: true, cosigned: [] })
})

test('a changed time spoils a cosignature', async () => {
  const { key } = await aWitness()
  const note = parseNote(await cosigned())
  const [first] = note.signatures
  if (first) first.signature[7] = (first.signature[7] ?? 0) ^ 1
  expect(await verifyCosignatures(note, [key])).toEqual({
    ok: false,
    objection: 'note: bad cosignature by witness.example/w1',
  })
})

test('of two by one witness the newer counts', async () => {
  const witness = await aWitness()
  const signatures = [await witness.cosign(TEXT, AT + 5), await witness.cosign(TEXT, AT)]
  const verdict = await verifyCosignatures({ text: TEXT, signatures }, [witness.key])
  expect(verdict).toMatchObject({ ok: true, cosigned: [{ at: AT + 5 }] })
})

test('a witness’s key is of a type of its own: a note cannot be verified with it, nor the other way round', async () => {
  const { key } = await aWitness()
  const vkey = formatWitnessKey(key)
  expect(await parseWitnessKey(vkey)).toEqual(key)
  await expect(parseVerifierKey(vkey)).rejects.toBeInstanceOf(SyntaxError)
  const signer = await signerOf('log.example', SEED)
  expect((await verifyNote(await cosigned(), [signer.verifierKey])).ok).toBe(false)
  const secret = formatWitnessSecret(key, SEED)
  expect((await parseWitnessSecret(secret)).key).toEqual(key)
  await expect(parseWitnessSecret(secret.replace(/.$/u, ''))).rejects.toThrow(/^((?!Bwc).)*$/u)
})

test('a request to a witness is read as it was written', async () => {
  const checkpoint = await cosigned()
  const request = { oldSize: 20_852_014, proof: [HASH, SEED], checkpoint }
  expect(parseAddCheckpoint(formatAddCheckpoint(request))).toEqual(request)
  expect(formatAddCheckpoint({ ...request, oldSize: 0, proof: [] })).toBe(`old 0\n\n${checkpoint}`)
})

test.for(['', 'old 1', 'old -1\n\nx', 'old 01\n\nx', 'new 1\n\nx', 'old 1\nabc\n\nx', `old 1\n${'A\n'.repeat(64)}\nx`])(
  '%j is no request to a witness',
  (body) => {
    expect(() => parseAddCheckpoint(body)).toThrow(SyntaxError)
  },
)

test.for([
  ['0', 0],
  ['17', 17],
  ['', undefined],
  ['017', undefined],
  ['9007199254740992', undefined],
] as const)('%j as a size is %o', ([text, size]) => {
  expect(parseSize(text)).toBe(size)
})
