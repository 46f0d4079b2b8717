/**
 * The beginning of a log sealed into an archive (rule L11): everything still verifies and proves, nothing goes unless it is safe in the
 * archive, and nobody can pass off a deletion as a sealing.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { archivedBundlePath, formatVerifierKey, TILE_WIDTH, tilePath } from '@mandate/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { run as audit } from '../../auditor/src/cli.ts'
import { verifyDirectory } from '../../auditor/src/verify.ts'
import { archivedEntries, archivePrefix, restorePrefix } from '../../pdp/src/log/archive.ts'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { aPlace, faultyFiles, lines, ORIGIN, type Place, someEntries } from './log-kit.ts'

const key = new Uint8Array(32).fill(7)
const ENTRIES = 5 * TILE_WIDTH + 40
const LATER = Date.parse('2100-01-01T00:00:00Z')
const KEPT = 4 * TILE_WIDTH

let place: Place
let archive: string
beforeEach(async () => {
  place = await aPlace()
  archive = join(place.dir, '..', 'archive')
  const log = await place.open()
  await log.append(someEntries(0, ENTRIES))
  await log.close()
})

const options = (files = nodeFiles()) => ({ files, dir: place.dir, origin: ORIGIN, archive, key })
const verify = (archived?: Parameters<typeof verifyDirectory>[0]['archived']) =>
  verifyDirectory({ directory: place.dir, keys: [place.signer.verifierKey], archived })
const bundle = (index: number): string => join(place.dir, tilePath({ level: 'entries', index, width: TILE_WIDTH }))

test('old bundles go, the newest full one stays, and the log goes on', async () => {
  expect(await archivePrefix(options(), LATER)).toEqual({ sealed: KEPT, was: 0 })
  expect([0, 1, 2, 3, 4].map((index) => existsSync(bundle(index)))).toEqual([false, false, false, false, true])
  expect(await archivePrefix(options(), LATER)).toEqual({ sealed: KEPT, was: KEPT })
  const log = await place.open()
  await log.append(someEntries(ENTRIES, 300))
  await log.close()
  expect((await verify('by hash')).findings).toEqual([])
  expect(await archivePrefix(options(), LATER)).toEqual({ sealed: KEPT + TILE_WIDTH, was: KEPT })
})

test('only what is older than said', async () => {
  expect(await archivePrefix(options(), 0)).toEqual({ sealed: 0, was: 0 })
  expect(existsSync(join(place.dir, 'sealed'))).toBe(false)
  expect((await place.verify()).findings).toEqual([])
})

test('the archive holds no word of an entry, for its owner alone', async () => {
  await archivePrefix(options(), LATER)
  const bytes = readFileSync(join(archive, archivedBundlePath(0)))
  expect(bytes.includes('"kind"')).toBe(false)
  expect(bytes.includes('user:')).toBe(false)
})

describe('verify', () => {
  beforeEach(async () => {
    await archivePrefix(options(), LATER)
  })

  test('reads them from the archive, or goes by their hashes when told to', async () => {
    expect(lines(await verify({ folder: archive, key }))).toEqual([])
    const byHash = await verify('by hash')
    expect([lines(byHash), byHash.notes]).toEqual([
      [],
      [expect.stringContaining(`the first ${KEPT} entries are sealed`)],
    ])
  })
  test('finds it wrong that nobody said so: a deletion is no sealing', async () => {
    expect(lines(await verify())).toEqual([expect.stringContaining(`the first ${KEPT} entries are sealed`)])
    rmSync(bundle(4))
    expect(lines(await verify('by hash'))).toEqual([expect.stringContaining('is missing')])
  })
  test('names an archived bundle that was altered, exchanged, removed, or is under another key', async () => {
    const path = (index: number) => join(archive, archivedBundlePath(index))
    const good = readFileSync(path(1))
    const altered = Buffer.from(good)
    altered[100] = (altered[100] ?? 0) ^ 1
    for (const spoil of [
      () => writeFileSync(path(1), altered),
      () => cpSync(path(2), path(1)),
      () => rmSync(path(1)),
    ]) {
      spoil()
      expect(lines(await verify({ folder: archive, key }))[0]).toMatch(new RegExp(`^${TILE_WIDTH} - .* is missing`))
      writeFileSync(path(1), good)
    }
    expect((await verify({ folder: archive, key: new Uint8Array(32) })).findings.length).toBeGreaterThan(0)
  })
  test('finds a tile that was altered below sealed entries', async () => {
    const tile = join(place.dir, tilePath({ level: 0, index: 2, width: TILE_WIDTH }))
    const bytes = readFileSync(tile)
    bytes[5] = (bytes[5] ?? 0) ^ 1
    writeFileSync(tile, bytes)
    expect((await verify('by hash')).findings.length).toBeGreaterThan(0)
  })
})

test('unsealing brings every byte back', async () => {
  const before = [0, 1, 2, 3].map((index) => readFileSync(bundle(index)).toString('hex'))
  await archivePrefix(options(), LATER)
  expect(await restorePrefix(options())).toBe(KEPT)
  expect([0, 1, 2, 3].map((index) => readFileSync(bundle(index)).toString('hex'))).toEqual(before)
  expect(await archivedEntries(nodeFiles(), place.dir)).toBe(0)
  expect((await place.verify()).findings).toEqual([])
})

test.for(['replace', 'remove', 'syncDirectory'] as const)(
  'a failing %s loses nothing: the same command goes on',
  async (operation) => {
    const files = faultyFiles()
    files.fail('EIO', operation)
    await expect(archivePrefix(options(files), LATER)).rejects.toThrow()
    files.mend()
    expect((await verify({ folder: archive, key })).findings).toEqual([])
    expect((await archivePrefix(options(files), LATER)).sealed).toBe(KEPT)
    expect(readdirSync(join(place.dir, 'tile', 'entries')).length).toBeGreaterThan(0)
    expect((await verify({ folder: archive, key })).findings).toEqual([])
  },
)

test('nothing is sealed that is not what its tile says', async () => {
  const bytes = readFileSync(bundle(0))
  bytes[40] = (bytes[40] ?? 0) ^ 1
  writeFileSync(bundle(0), bytes)
  await expect(archivePrefix(options(), LATER)).rejects.toThrow('entry bundle 0')
  expect(existsSync(bundle(0))).toBe(true)
})

test('on the command line', async () => {
  await archivePrefix(options(), LATER)
  writeFileSync(join(archive, 'key'), Buffer.from(key).toString('hex'))
  const said: string[] = []
  const vkey = formatVerifierKey(place.signer.verifierKey)
  const call = (...more: readonly string[]) =>
    audit(['verify', '--dir', place.dir, '--key', vkey, ...more], {
      out: (text: string) => void said.push(text),
      err: (text: string) => void said.push(text),
    } as Parameters<typeof audit>[1])
  expect(await call()).toBe(1)
  expect(await call('--sealed')).toBe(0)
  expect(await call('--hashes-only')).toBe(0)
  expect(await call('--archive', archive, '--archive-key', join(archive, 'key'))).toBe(0)
  expect(await call('--archive', archive)).toBe(64)
  expect(said.join('')).toMatch(/were read from the archive/)
})
