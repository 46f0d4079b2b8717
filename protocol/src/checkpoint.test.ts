import { expect, test } from 'vitest'
import { formatCheckpoint, parseCheckpoint, signCheckpoint, verifyCheckpoint } from './checkpoint.ts'
import { formatNote, parseNote, signerOf } from './note.ts'

const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
/** The example of the specification. */
const SPEC_TEXT = `example.com/behind-the-sofa\n20852163\n${ROOT}\n`

test("the specification's checkpoint is read and written", () => {
  const checkpoint = parseCheckpoint(SPEC_TEXT)
  expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163, extensions: [] })
  expect(formatCheckpoint(checkpoint)).toBe(SPEC_TEXT)
})

test('extension lines are kept', () => {
  const text = `${SPEC_TEXT}more\nand more\n`
  expect(parseCheckpoint(text).extensions).toEqual(['more', 'and more'])
  expect(formatCheckpoint(parseCheckpoint(text))).toBe(text)
})

test.each([
  ['a leading zero', SPEC_TEXT.replace('20852163', '020852163')],
  ['a negative size', SPEC_TEXT.replace('20852163', '-1')],
  ['a size beyond 2**53', SPEC_TEXT.replace('20852163', '9007199254740992')],
  ['no origin', SPEC_TEXT.replace('example.com/behind-the-sofa', '')],
  ['a short root', SPEC_TEXT.replace(ROOT, 'CsUY')],
  ['no root', 'example.com/log\n1\n'],
  ['no final newline', SPEC_TEXT.slice(0, -1)],
  ['an empty extension line', `${SPEC_TEXT}\nmore\n`],
])('a checkpoint with %s is refused', (_, text) => {
  expect(() => parseCheckpoint(text)).toThrow(SyntaxError)
})

test('a signed checkpoint verifies with its key and with no other', async () => {
  const signer = await signerOf('pdp.example/log', new Uint8Array(32).fill(1))
  const other = await signerOf('pdp.example/log', new Uint8Array(32).fill(2))
  const head = { origin: 'pdp.example/log', size: 3, root: new Uint8Array(32), extensions: [] }
  const note = await signCheckpoint(head, signer)
  expect(await verifyCheckpoint(note, [other.verifierKey, signer.verifierKey])).toMatchObject({
    ok: true,
    checkpoint: head,
  })
  expect(await verifyCheckpoint(note, [other.verifierKey])).toMatchObject({ ok: false })
})

test('a witness alone does not make a checkpoint good, nor does a key for another origin', async () => {
  const witness = await signerOf('witness.example', new Uint8Array(32).fill(3))
  const head = { origin: 'pdp.example/log', size: 3, root: new Uint8Array(32), extensions: [] }
  const note = await signCheckpoint(head, witness)
  expect(await verifyCheckpoint(note, [witness.verifierKey])).toEqual({
    ok: false,
    objection: 'checkpoint: signed for another origin',
  })
})

test('a good signature under something that is no checkpoint is refused', async () => {
  const signer = await signerOf('pdp.example/log', new Uint8Array(32).fill(1))
  const note = formatNote({ text: 'hello\n', signatures: [await signer.sign('hello\n')] })
  expect(parseNote(note).text).toBe('hello\n')
  expect(await verifyCheckpoint(note, [signer.verifierKey])).toMatchObject({ ok: false })
})
