import { describe, expect, test } from 'vitest'
import {
  formatNote,
  formatSignerKey,
  formatVerifierKey,
  fromBase64,
  type NoteSigner,
  parseNote,
  parseSignerKey,
  parseVerifierKey,
  signerOf,
  toBase64,
  verifyNote,
} from './note.ts'

/** The example of the specification. */
const SPEC_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const SPEC_NOTE =
  'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'
/** The example of Go's sumdb/note, whose key is public. */
const GO_SIGNER = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const GO_VERIFIER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const GO_SIGNATURE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

const aSigner = (name: string, byte: number): Promise<NoteSigner> => signerOf(name, new Uint8Array(32).fill(byte))
const signed = async (text: string, ...signers: readonly NoteSigner[]): Promise<string> =>
  formatNote({ text, signatures: await Promise.all(signers.map((signer) => signer.sign(text))) })

describe('the formats of others', () => {
  test("the specification's note verifies with its key", async () => {
    const verdict = await verifyNote(SPEC_NOTE, [await parseVerifierKey(SPEC_KEY)])
    expect(verdict).toMatchObject({ ok: true, note: { text: 'This is an example message.\n' } })
  })

  test("Go's signer key signs what Go signs with it", async () => {
    const signer = await parseSignerKey(GO_SIGNER)
    expect(formatVerifierKey(signer.verifierKey)).toBe(GO_VERIFIER)
    expect(await signed(GO_TEXT, signer)).toBe(`${GO_TEXT}\n${GO_SIGNATURE}`)
  })
})

describe('keys', () => {
  test('come out as they went in', async () => {
    const seed = new Uint8Array(32).fill(9)
    const signer = await signerOf('pdp.example/log', seed)
    const read = await parseSignerKey(`${formatSignerKey(signer, seed)}\n`)
    expect(read.verifierKey).toEqual(signer.verifierKey)
    expect(await parseVerifierKey(formatVerifierKey(signer.verifierKey))).toEqual(signer.verifierKey)
  })

  test.each([
    ['another id', SPEC_KEY.replace('530d903a', '530d903b')],
    ['another name', SPEC_KEY.replace('foo', 'bar')],
    ['another type', SPEC_KEY.replace('+Ae', '+Be')],
    ['a cut key', SPEC_KEY.slice(0, -4)],
    ['no name', SPEC_KEY.replace('example.com/foo', '')],
    ['nothing', ''],
  ])('a verifier key with %s is refused', async (_, key) => {
    await expect(parseVerifierKey(key)).rejects.toThrow(SyntaxError)
  })

  test('a signer key that is refused is not repeated in the message', async () => {
    const broken = GO_SIGNER.replace('c74f20a3', 'c74f20a4')
    await expect(parseSignerKey(broken)).rejects.toThrow(/^key: the key ID does not match the key$/u)
    await expect(parseSignerKey(GO_VERIFIER)).rejects.toThrow('key: not a signer key')
  })

  test.each(['', 'with space', 'plus+plus', 'line\nbreak', 'nb\u00a0sp'])('%j is no key name', async (name) => {
    await expect(aSigner(name, 1)).rejects.toThrow(TypeError)
  })
})

describe('notes', () => {
  test('of several signers verify with the key of any, and say which', async () => {
    const [log, witness, stranger] = await Promise.all([aSigner('log', 1), aSigner('witness', 2), aSigner('other', 3)])
    const note = await signed('text\n', log, witness, stranger)
    expect(await verifyNote(note, [witness.verifierKey])).toMatchObject({ ok: true, signedBy: [{ name: 'witness' }] })
    expect(await verifyNote(note, [log.verifierKey, witness.verifierKey])).toMatchObject({
      signedBy: [{ name: 'log' }, { name: 'witness' }],
    })
  })

  test('with no signature by a known key are refused, also when the name is known', async () => {
    const impostor = await aSigner('log', 66)
    const verdict = await verifyNote(await signed('text\n', impostor), [(await aSigner('log', 1)).verifierKey])
    expect(verdict).toEqual({ ok: false, objection: 'note: no signature by a known key' })
  })

  test('with one bad signature by a known key are refused, even beside a good one', async () => {
    const [log, witness] = await Promise.all([aSigner('log', 1), aSigner('witness', 2)])
    const good = await log.sign('text\n')
    const bad = { ...(await witness.sign('other\n')) }
    const note = formatNote({ text: 'text\n', signatures: [good, bad] })
    const verdict = await verifyNote(note, [log.verifierKey, witness.verifierKey])
    expect(verdict).toEqual({ ok: false, objection: 'note: bad signature by witness' })
  })

  test('may hold empty lines: the last one ends the text', async () => {
    const signer = await aSigner('log', 1)
    const note = await signed('one\n\ntwo\n', signer)
    expect(parseNote(note).text).toBe('one\n\ntwo\n')
    expect(await verifyNote(note, [signer.verifierKey])).toMatchObject({ ok: true })
  })

  test.each([
    ['no signatures', 'text\n\n'],
    ['no blank line', SPEC_NOTE.replace('\n\n', '\n')],
    ['no final newline', SPEC_NOTE.slice(0, -1)],
    ['a control character', SPEC_NOTE.replace('This', 'Th\u0007s')],
    ['a carriage return', SPEC_NOTE.replaceAll('\n', '\r\n')],
    ['a hyphen for the dash', SPEC_NOTE.replace('—', '-')],
    ['a signature that is no base 64', SPEC_NOTE.replace('Uw2Q', 'Uw2*')],
    ['a signature without padding', SPEC_NOTE.replace('=\n', '\n')],
    ['something behind the signature', SPEC_NOTE.replace('=\n', '= more\n')],
    ['too many signatures', `${SPEC_NOTE}${'— a AAAAAAA=\n'.repeat(100)}`],
  ])('with %s are refused', async (_, note) => {
    expect(() => parseNote(note)).toThrow(SyntaxError)
    expect(await verifyNote(note, [await parseVerifierKey(SPEC_KEY)])).toMatchObject({ ok: false })
  })

  test('every changed character of a note is noticed', async () => {
    const key = await parseVerifierKey(SPEC_KEY)
    for (let at = 0; at < SPEC_NOTE.length; at += 1) {
      const changed = `${SPEC_NOTE.slice(0, at)}${SPEC_NOTE[at] === 'A' ? 'B' : 'A'}${SPEC_NOTE.slice(at + 1)}`
      expect(await verifyNote(changed, [key])).toMatchObject({ ok: false })
    }
  })
})

test('base 64 is read only as it is written', () => {
  expect(toBase64(Uint8Array.of(1, 2, 255))).toBe('AQL/')
  expect(fromBase64('AQL/')).toEqual(Uint8Array.of(1, 2, 255))
  for (const text of ['AQL_', 'AQL', 'AQ==x', 'AR==', ' AQL/']) expect(fromBase64(text)).toBeUndefined()
})
