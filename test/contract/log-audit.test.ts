/**
 * `mandate-audit` on a log's directory, without a PDP (rule L9).
 */
import { cp, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Entry, formatVerifierKey, loggedEntrySchema, signCheckpoint, signerOf } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { run } from '../../auditor/src/cli.ts'
import { createAnchors } from '../../pdp/src/log/anchors.ts'
import { anEntry, aPlace, idOf, ORIGIN, type Place, placeAt, someEntries } from './log-kit.ts'

const ENTRIES = 600

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function ran(...argv: readonly string[]): Promise<Ran> {
  const said = { out: '', err: '' }
  const out = (text: string): void => {
    said.out += text
  }
  const err = (text: string): void => {
    said.err += text
  }
  return { code: await run(argv, { out, err, environment: {} }), ...said }
}

/** A log that was closed properly. */
async function aLog(): Promise<Place> {
  const place = await aPlace()
  const log = await place.open()
  await log.append(someEntries(0, ENTRIES))
  await log.close()
  return place
}

test('verify is green on a sound log, with a key from a file or as it is written', async () => {
  const { dir, keys } = await aLog()
  const vkey = join(keys, 'log.vkey')
  expect(await ran('verify', '--dir', dir, '--key', vkey)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/checkpoint {2}600 entries.*OK\n$/su),
  })
  expect(await ran('verify', '--dir', dir, '--key', (await readFile(vkey, 'utf8')).trim())).toMatchObject({ code: 0 })
  const { out } = await ran('verify', '--dir', dir, '--key', vkey, '--json')
  expect(JSON.parse(out)).toMatchObject({ ok: true, size: ENTRIES, findings: [] })
})

test('verify names the entry that one changed byte belongs to, and exits 1', async () => {
  const { dir, keys } = await aLog()
  const bundle = join(dir, 'tile/entries/001')
  const bytes = await readFile(bundle)
  bytes.write('9', bytes.indexOf(idOf(300)) + 100)
  await writeFile(bundle, bytes)
  const { code, out } = await ran('verify', '--dir', dir, '--key', join(keys, 'log.vkey'))
  expect(code).toBe(1)
  expect(out).toContain(`WRONG       entry 300 (${idOf(300)}): does not hash to its leaf`)
  expect(out).toMatch(/FAILED: the log is not what was signed\n$/u)
})

test('a checkpoint is remembered when asked, kept when all is not well, and shows a truncation', async () => {
  const { dir, keys, ...place } = await aLog()
  const seen = `${keys}/seen`
  const key = join(keys, 'log.vkey')
  expect(await ran('verify', '--dir', dir, '--key', key, '--checkpoint', seen)).toMatchObject({ code: 66 })
  expect(await ran('verify', '--dir', dir, '--key', key, '--checkpoint', seen, '--remember')).toMatchObject({ code: 0 })
  const shorter = `${dir}-shorter`
  await cp(dir, shorter, { recursive: true })
  const log = await place.open()
  await log.append([anEntry(ENTRIES)])
  await log.close()
  expect(await ran('verify', '--dir', dir, '--key', key, '--checkpoint', seen, '--remember')).toMatchObject({ code: 0 })
  expect(await readFile(seen, 'utf8')).toContain(`\n${ENTRIES + 1}\n`)
  expect((await stat(seen)).mode & 0o777).toBe(0o600)
  const truncated = await ran('verify', '--dir', shorter, '--key', key, '--checkpoint', seen, '--remember')
  expect(truncated).toMatchObject({
    code: 1,
    out: expect.stringContaining('the log was truncated: it had 601 entries and now has 600'),
  })
  expect(await readFile(seen, 'utf8')).toContain(`\n${ENTRIES + 1}\n`)
})

test('all that an anchor gathered is held against the log, and the oldest that does not fit is named', async () => {
  const place = await aPlace()
  const anchor = `${place.keys}/anchor`
  const key = join(place.keys, 'log.vkey')
  const sizes = [1, 255, 256, 257, 300, 512, 700]
  await grown(place, sizes, anchor)
  const verify = (dir: string): Promise<Ran> => ran('verify', '--dir', dir, '--key', key, '--anchor', anchor)
  expect(await verify(place.dir)).toMatchObject({ code: 0 })
  const fork = placeAt(`${place.dir}-fork`, place.signer)
  await grown(fork, sizes, `${anchor}-of-the-fork`, (number) => (number === 299 ? { caller: 'service:other' } : {}))
  expect(await ran('verify', '--dir', fork.dir, '--key', key)).toMatchObject({ code: 0 })
  expect(await verify(fork.dir)).toMatchObject({
    code: 1,
    out: expect.stringContaining('the log was forked: its first 300 entries are not those of the anchored checkpoint'),
  })
  const shorter = placeAt(`${place.dir}-shorter`, place.signer)
  await grown(shorter, sizes.slice(0, 3), `${anchor}-of-the-shorter`)
  expect(await verify(shorter.dir)).toMatchObject({
    code: 1,
    out: expect.stringContaining('entry 256: the log was truncated: it had 700 entries and now has 256'),
  })
  await writeFile(anchor, (await readFile(anchor, 'utf8')).slice(0, 20))
  expect(await verify(place.dir)).toMatchObject({ code: 65, err: expect.stringContaining('holds no checkpoint') })
})

/** Grows a log to each size in turn, and anchors its checkpoint each time. */
async function grown(
  place: Pick<Place, 'dir' | 'open'>,
  sizes: readonly number[],
  anchor: string,
  change: (number: number) => Partial<Entry> = () => ({}),
): Promise<void> {
  const post = (): Promise<never> => Promise.reject(new Error('there is no endpoint'))
  const anchors = createAnchors({ file: anchor, post, onFault: (fault) => expect.unreachable(String(fault)) })
  let from = 0
  for (const size of sizes) {
    const log = await place.open({ checkpointEveryMs: 60_000 })
    const first = from
    await log.append(Array.from({ length: size - first }, (_, at) => anEntry(first + at, change(first + at))))
    await log.close()
    anchors.add(await readFile(join(place.dir, 'checkpoint'), 'utf8'))
    from = size
  }
  await anchors.close()
}

test('query finds entries newest first, in tiles and in the journal, while the log is being written', async () => {
  const place = await aPlace()
  const log = await place.open({ checkpointEveryMs: 60_000 })
  await log.append(someEntries(0, 300))
  await log.append(someEntries(300, 7))
  const { code, out, err } = await ran('query', '--dir', place.dir, '--decision', 'deny', '--limit', '3')
  expect(code).toBe(0)
  expect(
    out
      .split('\n')
      .slice(1, -1)
      .map((line) => line.slice(-26)),
  ).toEqual([304, 300, 296].map(idOf))
  expect(err).toBe('3 of 77\n')
  const lines = (await ran('query', '--dir', place.dir, '--json', '--limit', '1000')).out.trim().split('\n')
  const entries = lines.map((line) => loggedEntrySchema.parse(JSON.parse(line)))
  expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: 307 }, (_, at) => 306 - at))
  await log.close()
})

test('show draws one decision, and knows which there are not', async () => {
  const { dir } = await aLog()
  const { code, out } = await ran('show', '--dir', dir, idOf(42))
  expect(code).toBe(0)
  expect(out).toMatch(
    /^PERMIT {2}01KC0{20}42 .*└─ grant G3: execute, read on workflow:w9.*index {5}42 in pdp\.example\/log\n$/su,
  )
  expect(await ran('show', '--dir', dir, idOf(999))).toMatchObject({
    code: 66,
    err: `there is no decision ${idOf(999)}\n`,
  })
})

const FOREIGN_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'

test('keys of another log are wrong usage, not a log that was tampered with', async () => {
  const { dir, keys, signer } = await aLog()
  const { code, err } = await ran('verify', '--dir', dir, '--key', FOREIGN_KEY)
  expect(code).toBe(64)
  expect(err).toBe(
    `the checkpoint is of log ${ORIGIN} and signed by key ${ORIGIN}+${signer.keyId}; the keys given are example.com/foo+530d903a: is it the wrong key file? Nothing was verified\n`,
  )
  const seen = join(keys, 'seen')
  const foreign = await signerOf('example.com/foo', new Uint8Array(32).fill(7))
  await writeFile(
    seen,
    await signCheckpoint({ origin: foreign.name, size: 0, root: new Uint8Array(32), extensions: [] }, foreign),
  )
  expect(
    await ran('verify', '--dir', dir, '--key', FOREIGN_KEY, '--checkpoint', seen),
    'the auditor has seen the log of these keys: the directory holds another one',
  ).toMatchObject({ code: 1 })
})

test('another key of the same log is a verification that failed', async () => {
  const { dir } = await aLog()
  const other = formatVerifierKey((await signerOf(ORIGIN, new Uint8Array(32).fill(7))).verifierKey)
  expect(await ran('verify', '--dir', dir, '--key', other)).toMatchObject({
    code: 1,
    out: expect.stringMatching(/FAILED: the log is not what was signed\n$/u),
  })
})

test('the data directory of a PDP, given for its log, is 66 and names the log', async () => {
  const { dir } = await aLog()
  const parent = dirname(dir)
  const expected = { code: 66, err: `${parent} holds no checkpoint: did you mean ${dir}?\n` }
  expect(await ran('query', '--dir', parent)).toMatchObject(expected)
  expect(await ran('verify', '--dir', parent, '--key', FOREIGN_KEY)).toMatchObject(expected)
})
