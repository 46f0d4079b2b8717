/**
 * A log of 10,000 entries: single bytes changed anywhere, entries inserted, deleted and swapped anywhere, the log cut short, forked, by another key, its
 * checkpoint an old one: `verify` finds each, and names the right entry. `LOG_LARGE_FLIPS=2000` for the full sample.
 */
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeBundle, type Entry, encodeBundle, parseTilePath, tileWidth } from '@mandate/protocol'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import { anEntry, aPlace, lines, ORIGIN, type Place, placeAt } from './log-kit.ts'

const ENTRIES = 10_000
const A_FILL = 500
const FLIPS = Number(process.env['LOG_LARGE_FLIPS'] ?? 60)
const CHANGES = Math.max(6, Math.ceil(FLIPS / 10))
/** Where it goes wrong is random, but the same in every run. */
const SEED = 20_261_122

/** Where an earlier state of the log ends: within a tile, so that it leaves a partial one. */
const EARLIER = 5_003
/** What somebody who has the key would rather not have logged. */
const REGRETTED = 4_320

let log: Place
/** The log as it was when it had {@link EARLIER} entries, and its checkpoint then. */
let earlier: Place
let older: string
let newest: string
let files: readonly { readonly name: string; readonly size: number }[]
let seed = SEED

function random(below: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((seed / 2 ** 32) * below)
}

/** Whether the newest checkpoint needs the file. */
function isOfTheTree(name: string): boolean {
  const tile = parseTilePath(name)
  return name === 'checkpoint' || (tile !== undefined && tile.width === tileWidth(tile.level, tile.index, ENTRIES))
}

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'mandate-large-'))
  const writing = placeAt(join(root, 'writing'), await loadSigner(nodeFiles(), join(root, 'keys'), ORIGIN))
  await write(writing, 0, EARLIER)
  earlier = placeAt(join(root, 'earlier'), writing.signer)
  await cp(writing.dir, earlier.dir, { recursive: true })
  await write(writing, EARLIER, ENTRIES)
  log = placeAt(join(root, 'log'), writing.signer)
  await cp(writing.dir, log.dir, { recursive: true })
  older = await readFile(join(earlier.dir, 'checkpoint'), 'utf8')
  newest = await readFile(join(log.dir, 'checkpoint'), 'utf8')
  const names = (await readdir(log.dir, { recursive: true })).filter(isOfTheTree).sort()
  files = await Promise.all(names.map(async (name) => ({ name, size: (await stat(join(log.dir, name))).size })))
  return () => rm(root, { recursive: true, force: true })
})

async function write(
  place: Place,
  from: number,
  to: number,
  entryOf: (number: number) => Entry = anEntry,
): Promise<void> {
  const open = await place.open({ checkpointEveryMs: 60_000 })
  for (let first = from; first < to; first += A_FILL) {
    const count = Math.min(A_FILL, to - first)
    await open.append(Array.from({ length: count }, (_, at) => entryOf(first + at)))
  }
  await open.close()
}

/** A file by a byte of the log, each as likely as any other. */
function anyByte(): { readonly name: string; readonly offset: number } {
  let offset = random(files.reduce((total, { size }) => total + size, 0))
  for (const { name, size } of files) {
    if (offset < size) return { name, offset }
    offset -= size
  }
  throw new RangeError('no such byte')
}

/** The entry whose bytes, length prefix, or hash stand at an offset. `undefined` for the checkpoint. */
function entryAt(name: string, bytes: Uint8Array, offset: number): number | undefined {
  const tile = parseTilePath(name)
  if (!tile) return undefined
  if (tile.level !== 'entries') return (tile.index * 256 + Math.floor(offset / 32)) * 256 ** tile.level
  let end = 0
  const at = decodeBundle(bytes).entries.findIndex((entry) => {
    end += 2 + entry.length
    return offset < end
  })
  return tile.index * 256 + at
}

/** Puts something else in place of a file for as long as it is verified. */
async function foundIn(name: string, change: (bytes: Buffer) => Uint8Array): Promise<number | undefined> {
  const path = join(log.dir, name)
  const bytes = await readFile(path)
  await writeFile(path, change(bytes))
  const { findings } = await log.verify()
  await writeFile(path, bytes)
  expect(findings.length, name).toBeGreaterThan(0)
  return findings[0]?.index
}

test(`each of ${FLIPS} flipped bytes is found, and the entry named`, { timeout: FLIPS * 6_000 }, async () => {
  for (let flip = 0; flip < FLIPS; flip += 1) {
    const { name, offset } = anyByte()
    const bit = 1 << random(8)
    const expected = entryAt(name, await readFile(join(log.dir, name)), offset)
    const found = await foundIn(name, (bytes) => bytes.with(offset, (bytes[offset] ?? 0) ^ bit))
    expect(found, `${name} at ${offset}, bit ${bit}`).toBe(expected)
  }
  expect(lines(await log.verify())).toEqual([])
})

test.for([
  ['deleted', (entries: readonly Uint8Array[], at: number) => entries.toSpliced(at, 1)],
  ['inserted', (entries: readonly Uint8Array[], at: number) => entries.toSpliced(at, 0, stranger)],
  ['exchanged for another', (entries: readonly Uint8Array[], at: number) => entries.with(at, stranger)],
  [
    'swapped with the next',
    (entries: readonly Uint8Array[], at: number) =>
      entries.toSpliced(at, 2, entries[at + 1] ?? stranger, entries[at] ?? stranger),
  ],
] as const)(
  `entries that were %s are named, at ${CHANGES} places`,
  { timeout: CHANGES * 6_000 },
  async ([, change]) => {
    for (let round = 0; round < CHANGES; round += 1) {
      const index = random(ENTRIES - 1)
      const bundle = Math.floor(index / 256)
      const at = Math.min(index % 256, tileWidth('entries', bundle, ENTRIES) - 2)
      const { name = '' } =
        files.find(({ name: path }) => path.startsWith(`tile/entries/${String(bundle).padStart(3, '0')}`)) ?? {}
      const found = await foundIn(name, (bytes) => encodeBundle(change(decodeBundle(bytes).entries, at)))
      expect(found, `entry ${bundle * 256 + at}`).toBe(bundle * 256 + at)
    }
  },
)

test('cut back to what it was, it is found by a remembered checkpoint', async () => {
  expect(lines(await earlier.verify())).toEqual([])
  expect(lines(await earlier.verify(newest))).toEqual([
    `${EARLIER} - the log was truncated: it had ${ENTRIES} entries and now has ${EARLIER}`,
  ])
})

test('with an old checkpoint replayed, the first entry behind it is named', async () => {
  const path = join(log.dir, 'checkpoint')
  onTestFinished(() => writeFile(path, newest))
  await writeFile(path, older)
  expect((await log.verify()).findings[0]).toMatchObject({ index: EARLIER })
})

test('forked by whoever has the key, it is found by a checkpoint from before and by one from after', async () => {
  const fork = placeAt(`${log.dir}-fork`, log.signer)
  onTestFinished(() => rm(fork.dir, { recursive: true, force: true }))
  await write(fork, 0, ENTRIES, (number) => anEntry(number, number === REGRETTED ? { decision: true } : {}))
  expect(anEntry(REGRETTED).decision, 'it differs').not.toBe(true)
  expect(lines(await fork.verify())).toEqual([])
  for (const remembered of [older, newest])
    expect(lines(await fork.verify(remembered))).toEqual([expect.stringContaining('the log was forked')])
  expect(lines(await log.verify(older))).toEqual([])
})

test('signed by another key, it is refused whole', async () => {
  const other = await aPlace()
  expect(lines(await placeAt(log.dir, other.signer).verify())).toEqual(['- - note: no signature by a known key'])
})

const stranger = Buffer.from(JSON.stringify(anEntry(99_999)))
