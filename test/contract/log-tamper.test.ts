/**
 * Whatever is done to a log without its key, `verify` finds it, and names the entry where one can be named (rule L9).
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  decodeBundle,
  encodeBundle,
  encodeOpening,
  encodeRecord,
  encodeTile,
  leafHash,
  parseTilePath,
  rootOf,
  signCheckpoint,
  tileWidth,
} from '@mandate/protocol'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { sha256 } from '../../pdp/src/log/hash.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import {
  anEntry,
  aPlace,
  eventually,
  faultyFiles,
  idOf,
  lines,
  ORIGIN,
  type Place,
  placeAt,
  someEntries,
} from './log-kit.ts'

/** Entries in tiles, and those behind them that only the journal holds. */
const PUBLISHED = 600
const PENDING = 5
const FLIPS = Number(process.env['LOG_FLIPS'] ?? 400)
/** Where the flips go is random, but the same in every run. */
const SEED = 20_261_121

let original: Place
let older: string
let files: readonly string[]

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'mandate-tamper-'))
  const writing = placeAt(join(root, 'writing'), await loadSigner(nodeFiles(), join(root, 'keys'), ORIGIN))
  const first = await writing.open({ checkpointEveryMs: 20 })
  await first.append(someEntries(0, 300))
  await eventually(async () => expect(await first.checkpoint()).toContain('\n300\n'))
  older = (await first.checkpoint()) ?? ''
  await first.append(someEntries(300, PUBLISHED - 300))
  await first.close()
  const disk = faultyFiles()
  const log = await writing.open({ files: disk })
  disk.fail('ENOSPC', 'replace') // nothing is published any more
  await log.append(someEntries(PUBLISHED, 2))
  await log.append(someEntries(PUBLISHED + 2, PENDING - 2))
  original = placeAt(join(root, 'log'), writing.signer)
  await cp(writing.dir, original.dir, { recursive: true })
  disk.mend()
  await log.close()
  const found = await readdir(original.dir, { recursive: true })
  const kinds = await Promise.all(found.map((name) => stat(join(original.dir, name))))
  files = found
    .filter((name, at) => kinds[at]?.isFile() && (/^(tile|journal)\//u.test(name) || name === 'checkpoint'))
    .sort()
  return () => rm(root, { recursive: true, force: true })
})

let copies = 0
/** A copy of the log, to be tampered with. */
async function aCopy(): Promise<Place> {
  copies += 1
  const place = placeAt(`${original.dir}-${copies}`, original.signer)
  await cp(original.dir, place.dir, { recursive: true })
  onTestFinished(() => rm(place.dir, { recursive: true, force: true }))
  return place
}

async function edit(place: Place, name: string, change: (bytes: Buffer) => Uint8Array | string): Promise<void> {
  await writeFile(join(place.dir, name), change(await readFile(join(place.dir, name))))
}

async function editBundle(
  place: Place,
  name: string,
  change: (entries: Uint8Array[]) => readonly Uint8Array[],
): Promise<void> {
  await edit(place, name, (bytes) => encodeBundle(change([...decodeBundle(bytes).entries])))
}

/** The index of the entry that a byte of a bundle belongs to. */
function entryAt(bundle: Uint8Array, offset: number): number {
  let end = 0
  return decodeBundle(bundle).entries.findIndex((entry) => {
    end += 2 + entry.length
    return offset < end
  })
}

/** What verify must name for a flipped byte: an index where the byte belongs to one entry or one hash, else the first it may name. */
function expectedIndex(name: string, bytes: Uint8Array, offset: number): number | undefined {
  const tile = parseTilePath(name)
  if (tile?.level === 'entries') return tile.index * 256 + entryAt(bytes, offset)
  if (tile) return (tile.index * 256 + Math.floor(offset / 32)) * 256 ** tile.level
  return undefined
}

test('as it was written it verifies, with what the journal holds', async () => {
  expect(await original.verify(older)).toMatchObject({ size: PUBLISHED, pending: PENDING, findings: [], notes: [] })
})

test(`each of ${FLIPS} flipped bytes over all files is found, and the entry named`, { timeout: 300_000 }, async () => {
  const place = await aCopy()
  let seed = SEED
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  for (let flip = 0; flip < FLIPS; flip += 1) {
    const name = files[flip % files.length] ?? ''
    const bytes = await readFile(join(place.dir, name))
    const offset = random(bytes.length)
    const changed = Uint8Array.from(bytes)
    changed[offset] = (changed[offset] ?? 0) ^ (1 << random(8))
    await writeFile(join(place.dir, name), changed)
    const { findings } = await place.verify()
    const where = `${name} at ${offset}`
    expect(findings.length, where).toBeGreaterThan(0)
    const expected = expectedIndex(name, bytes, offset)
    if (expected !== undefined) expect(findings[0]?.index, where).toBe(expected)
    if (name.startsWith('journal/')) expect(findings[0]?.index, where).toBeGreaterThanOrEqual(PUBLISHED)
    await writeFile(join(place.dir, name), bytes)
  }
  expect(lines(await place.verify())).toEqual([])
})

describe('entries', () => {
  test.each([
    [
      'altered',
      300,
      (entries: Uint8Array[]) => entries.with(44, Buffer.from(JSON.stringify(anEntry(300, { decision: true })))),
    ],
    [
      'swapped',
      266,
      (entries: Uint8Array[]) =>
        entries.with(10, entries[11] ?? new Uint8Array()).with(11, entries[10] ?? new Uint8Array()),
    ],
    ['deleted', 266, (entries: Uint8Array[]) => entries.toSpliced(10, 1)],
    ['inserted', 266, (entries: Uint8Array[]) => entries.toSpliced(10, 0, Buffer.from(JSON.stringify(anEntry(9999))))],
    ['cut off', 511, (entries: Uint8Array[]) => entries.slice(0, -1)],
    ['added', 511, (entries: Uint8Array[]) => [...entries, Buffer.from(JSON.stringify(anEntry(9999)))]],
  ] as const)('that were %s are found, from entry %i on', async (_, index, change) => {
    const place = await aCopy()
    await editBundle(place, 'tile/entries/001', change)
    expect((await place.verify()).findings[0]).toMatchObject({ index })
  })

  test('altered together with their tile are found by the tile above', async () => {
    const place = await aCopy()
    await editBundle(place, 'tile/entries/001', (entries) =>
      entries.with(3, Buffer.from(JSON.stringify(anEntry(259, { decision: true })))),
    )
    const bundle = decodeBundle(await readFile(join(place.dir, 'tile/entries/001'))).entries
    await writeFile(join(place.dir, 'tile/0/001'), encodeTile(bundle.map((entry) => leafHash(sha256, entry))))
    expect((await place.verify()).findings[0]).toMatchObject({
      index: 256,
      problem: expect.stringContaining('rewritten together'),
    })
  })

  test('altered together with every tile up to the root are found by the checkpoint', async () => {
    const place = await aCopy()
    const forged = await forge(place, anEntry(259, { decision: true }))
    expect(forged).toHaveLength(32)
    expect(lines(await place.verify())[0]).toContain('do not give the root of the checkpoint')
  })

  test('altered in a fork that is signed anew are found by a remembered checkpoint', async () => {
    const place = await aCopy()
    const root = await forge(place, anEntry(259, { decision: true }))
    const head = { origin: ORIGIN, size: PUBLISHED, root, extensions: [] }
    await writeFile(join(place.dir, 'checkpoint'), await signCheckpoint(head, place.signer))
    expect(lines(await place.verify())).toEqual([])
    expect(lines(await place.verify(older))).toEqual([expect.stringContaining('the log was forked')])
  })

  test('that are no entries are found even where the log signed them', async () => {
    const place = await aCopy()
    const root = await forge(place, { hello: 'world' })
    const head = { origin: ORIGIN, size: PUBLISHED, root, extensions: [] }
    await writeFile(join(place.dir, 'checkpoint'), await signCheckpoint(head, place.signer))
    expect(lines(await place.verify())).toEqual([expect.stringMatching(/^259 - is no entry/u)])
  })
})

/** Puts something else in place of entry 259 and all tiles in keeping with it. Gives the root. */
async function forge(place: Place, entry: unknown): Promise<Uint8Array> {
  await editBundle(place, 'tile/entries/001', (entries) => entries.with(3, Buffer.from(JSON.stringify(entry))))
  const roots: Uint8Array[] = []
  for (const name of ['000', '001', `002.p/${PUBLISHED - 512}`]) {
    const { entries } = decodeBundle(await readFile(join(place.dir, 'tile/entries', name)))
    const leaves = entries.map((bytes) => leafHash(sha256, bytes))
    await writeFile(join(place.dir, 'tile/0', name), encodeTile(leaves))
    roots.push(rootOf(sha256, leaves))
  }
  await writeFile(join(place.dir, 'tile/1/000.p/2'), encodeTile(roots.slice(0, 2)))
  for (const level of ['0', 'entries'])
    await rm(join(place.dir, 'tile', level, '001.p'), { recursive: true, force: true })
  return rootOf(sha256, roots)
}

/** Whether the newest checkpoint needs the file: partial tiles of earlier ones may go. */
function isOfTheTree(name: string): boolean {
  const tile = parseTilePath(name)
  return name === 'checkpoint' || (tile !== undefined && tile.width === tileWidth(tile.level, tile.index, PUBLISHED))
}

describe('files', () => {
  test('each of the tree, removed or emptied, is found', { timeout: 60_000 }, async () => {
    const place = await aCopy()
    for (const name of files.filter(isOfTheTree)) {
      const path = join(place.dir, name)
      const bytes = await readFile(path)
      await rm(path)
      expect((await place.verify()).findings.length, `${name} removed`).toBeGreaterThan(0)
      await writeFile(path, '')
      expect((await place.verify()).findings.length, `${name} emptied`).toBeGreaterThan(0)
      await writeFile(path, bytes)
    }
    expect(lines(await place.verify())).toEqual([])
  })

  test('exchanged for one another are found', async () => {
    const place = await aCopy()
    const at = (name: string): string => join(place.dir, 'tile/entries', name)
    await rename(at('000'), at('spare'))
    await rename(at('001'), at('000'))
    await rename(at('spare'), at('001'))
    expect((await place.verify()).findings[0]).toMatchObject({ index: 0 })
  })

  test('that do not belong there are found', async () => {
    const place = await aCopy()
    await writeFile(join(place.dir, 'tile/0/notes.txt'), 'hello')
    await mkdir(join(place.dir, 'tile/0/x001'))
    await writeFile(join(place.dir, 'tile/0/x001/000'), Buffer.alloc(8192))
    const found = lines(await place.verify())
    expect(found).toHaveLength(2)
    expect(found.join('\n')).toContain('tile/0/notes.txt does not belong there')
  })
})

describe('checkpoints', () => {
  test('by another key are refused', async () => {
    const place = await aCopy()
    const other = await aPlace()
    expect(lines(await placeAt(place.dir, other.signer).verify())).toEqual(['- - note: no signature by a known key'])
  })

  test('that are replayed are found: tiles reach beyond them', async () => {
    const place = await aCopy()
    await writeFile(join(place.dir, 'checkpoint'), older)
    expect((await place.verify()).findings[0]).toMatchObject({ index: 300 })
  })

  test('that are replayed with the tiles cut to them are found by a remembered one', async () => {
    const place = await aCopy()
    const newest = await readFile(join(place.dir, 'checkpoint'), 'utf8')
    await writeFile(join(place.dir, 'checkpoint'), older)
    for (const level of ['0', 'entries']) {
      const at = (name: string): string => join(place.dir, 'tile', level, name)
      const full = await readFile(at('001'))
      await mkdir(at('001.p'), { recursive: true })
      const { entries } = decodeBundle(full)
      await writeFile(at('001.p/44'), level === '0' ? full.subarray(0, 44 * 32) : encodeBundle(entries.slice(0, 44)))
      for (const name of ['001', '002.p']) await rm(at(name), { recursive: true })
    }
    await rename(join(place.dir, 'tile/1/000.p/2'), join(place.dir, 'tile/1/000.p/1'))
    await edit(place, 'tile/1/000.p/1', (bytes) => bytes.subarray(0, 32))
    await rm(join(place.dir, 'journal'), { recursive: true })
    expect(lines(await place.verify())).toEqual([])
    expect(lines(await place.verify(newest))).toEqual([
      `300 - the log was truncated: it had ${PUBLISHED} entries and now has 300`,
    ])
  })
})

describe('the journal', () => {
  const segment = (): string => files.find((name) => name.startsWith('journal/')) ?? ''

  test('with a record removed from its middle names the entry that is lost', async () => {
    const place = await aCopy()
    const opening = encodeOpening(sha256, PUBLISHED, ORIGIN)
    const last = encodeRecord(sha256, PUBLISHED + 2, [Buffer.from(JSON.stringify(anEntry(PUBLISHED + 2)))])
    await writeFile(join(place.dir, segment()), Buffer.concat([opening, last]))
    expect((await place.verify()).findings[0]).toMatchObject({ index: PUBLISHED, problem: 'is lost from the journal' })
  })

  test('of another log, or with what is no entry, is found', async () => {
    const place = await aCopy()
    const opening = encodeOpening(sha256, PUBLISHED, 'other.example')
    await writeFile(
      join(place.dir, segment()),
      Buffer.concat([opening, encodeRecord(sha256, PUBLISHED, [Buffer.from('{}')])]),
    )
    const found = lines(await place.verify()).join('\n')
    expect(found).toContain('is of another log, other.example')
    expect(found).toContain(`${PUBLISHED} - in the journal is no entry`)
  })

  test('that ends in an unfinished record is no damage, and is said', async () => {
    const place = await aCopy()
    await edit(place, segment(), (bytes) => bytes.subarray(0, -1))
    expect(await place.verify()).toMatchObject({
      pending: 2,
      findings: [],
      notes: [expect.stringContaining('never answered')],
    })
  })
})

test('an id is named where the entry can still be read', async () => {
  const place = await aCopy()
  await editBundle(place, 'tile/entries/001', (entries) =>
    entries.with(44, Buffer.from(JSON.stringify(anEntry(300, { decision: true })))),
  )
  expect(lines(await place.verify())[0]).toBe(`300 ${idOf(300)} does not hash to its leaf`)
})
