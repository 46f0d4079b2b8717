/**
 * `mandate-audit` proves, exports and watches a log's directory without a PDP (rule L9).
 */
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { run } from '../../auditor/src/cli.ts'
import { anEntry, aPlace, idOf, type Place, someEntries } from './log-kit.ts'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function ran(argv: readonly string[], onOut: () => void = () => undefined): Promise<Ran> {
  const said = { out: '', err: '' }
  const out = (text: string): void => {
    said.out += text
    onOut()
  }
  const err = (text: string): void => {
    said.err += text
  }
  return { code: await run(argv, { out, err, environment: {} }), ...said }
}

async function aLog(entries: number): Promise<Place> {
  const place = await aPlace()
  const log = await place.open()
  await log.append(someEntries(0, entries))
  await log.close()
  return place
}

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mandate-audit-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test.for([1, 2, 255, 256, 257, 700])(
  'any entry of a copied log of %i is proven with its key alone',
  async (entries) => {
    const { dir, keys } = await aLog(entries)
    const folder = await aFolder()
    const [copy, key, proof, entry] = ['log', 'log.vkey', 'proof', 'entry.json'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ]
    await cp(dir, copy, { recursive: true })
    await copyFile(join(keys, 'log.vkey'), key)
    for (const index of new Set([0, Math.floor(entries / 2), entries - 1])) {
      const written = ['--out', proof, '--entry-out', entry, '--key', key]
      expect(await ran(['prove', '--dir', copy, idOf(index), ...written])).toEqual({ code: 0, out: '', err: '' })
      const checked = ['verify', '--proof', proof, '--entry', entry, '--key', key]
      expect(await ran(checked)).toMatchObject({ code: 0, out: expect.stringMatching(/OK\n$/u) })
      expect(JSON.parse((await ran([...checked, '--json'])).out)).toMatchObject({ ok: true, index, size: entries })
    }
  },
)

test('an altered entry, an altered proof and a foreign key are each found: exit 1', async () => {
  const { dir, keys } = await aLog(300)
  const folder = await aFolder()
  const [proof, entry, key] = [join(folder, 'proof'), join(folder, 'entry'), join(keys, 'log.vkey')]
  await ran(['prove', '--dir', dir, idOf(270), '--out', proof, '--entry-out', entry])
  const check = (vkey: string): Promise<Ran> => ran(['verify', '--proof', proof, '--entry', entry, '--key', vkey])
  expect(await check(key)).toMatchObject({ code: 0 })
  expect(await check('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')).toMatchObject({
    code: 1,
  })
  const sound = await readFile(entry, 'utf8')
  await writeFile(entry, JSON.stringify({ ...JSON.parse(sound), index: 270, origin: 'elsewhere' }, undefined, 2))
  expect(await check(key)).toMatchObject({ code: 0 })
  await writeFile(entry, sound.replace('"at":"20', '"at":"21'))
  expect(await check(key)).toMatchObject({ code: 1, out: expect.stringContaining('FAILED') })
  await writeFile(entry, sound)
  await writeFile(proof, (await readFile(proof, 'utf8')).replace('index 270', 'index 271'))
  expect(await check(key)).toMatchObject({ code: 1 })
  await writeFile(entry, 'nonsense')
  expect(await check(key)).toMatchObject({ code: 65 })
})

test('an entry that is not there is 66, one whose tile is damaged is never proven with a key', async () => {
  const { dir, keys } = await aLog(600)
  expect(await ran(['prove', '--dir', dir, '01KC0000000000000000009999'])).toMatchObject({ code: 66 })
  const tile = join(dir, 'tile/0/000')
  const bytes = await readFile(tile)
  bytes[40] = (bytes[40] ?? 0) ^ 1
  await writeFile(tile, bytes)
  const proven = await ran(['prove', '--dir', dir, idOf(0), '--key', join(keys, 'log.vkey')])
  expect(proven).toMatchObject({ code: 1, out: '' })
})

test('an export holds every entry that the filters find, newest first, as a whole file', async () => {
  const { dir } = await aLog(600)
  const file = join(await aFolder(), 'all.jsonl')
  expect(await ran(['export', '--dir', dir, '--out', file])).toMatchObject({ code: 0, out: '' })
  const ids = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).id)
  expect(ids).toEqual(Array.from({ length: 600 }, (_, at) => idOf(599 - at)))
  const kind = ['--kind', anEntry(0).kind]
  const csv = await ran(['export', '--dir', dir, '--format', 'csv', ...kind])
  const { out } = await ran(['query', '--dir', dir, '--limit', '1000', '--json', ...kind])
  expect(csv.out.trim().split('\n')).toHaveLength(1 + out.trim().split('\n').length)
  expect(await ran(['export', '--dir', dir, '--format', 'xml'])).toMatchObject({ code: 64 })
  expect(await ran(['export', '--dir', dir, '--out', '/nowhere/at/all'])).toMatchObject({ code: 66 })
})

test('watch tells what comes after it began, in order, each once', async () => {
  const place = await aPlace()
  const log = await place.open({ checkpointEveryMs: 20 })
  await log.append(someEntries(0, 300))
  await log.prove(299)
  let isWatching = true
  const watching = ran(['watch', '--dir', place.dir, '--limit', '4', '--json']).finally(() => {
    isWatching = false
  })
  // When it has begun nobody tells: entries come until it has seen enough.
  for (let number = 300; isWatching; number += 1) {
    await log.append(someEntries(number, 1))
    await log.prove(number)
  }
  const { code, out } = await watching
  const indexes = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).index)
  const first = Number(indexes[0])
  expect(first).toBeGreaterThanOrEqual(300)
  expect({ code, indexes }).toEqual({ code: 0, indexes: [first, first + 1, first + 2, first + 3] })
  await log.close()
})

test('a question is asked again of a PDP alone', async () => {
  const { dir } = await aLog(1)
  expect(await ran(['replay', '--dir', dir, idOf(0)])).toMatchObject({
    code: 64,
    err: expect.stringContaining('only a PDP can evaluate'),
  })
})
