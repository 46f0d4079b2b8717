/**
 * The decision log on real files, with faults injected in its file layer (rules L2, L3, L6).
 */
import { cp, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, formatVerifierKey, parseCheckpoint, parseNote } from '@mandate/protocol'
import { describe, expect, test } from 'vitest'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import {
  anEntry,
  aPlace,
  eventually,
  faultyFiles,
  idOf,
  idsIn,
  lines,
  ORIGIN,
  placeAt,
  someEntries,
} from './log-kit.ts'

const sizeIn = (checkpoint: string | undefined): number => parseCheckpoint(parseNote(checkpoint ?? '').text).size
const settled = async (appends: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(appends)).map((append) =>
    append.status === 'fulfilled'
      ? 'durable'
      : append.reason instanceof Fault
        ? append.reason.code
        : String(append.reason),
  )

describe('a log', () => {
  test('is empty at first, and says so in a signed checkpoint', async () => {
    const place = await aPlace()
    const log = await place.open()
    expect(log.healthy).toBe(true)
    expect(log.newestAt()).toBeUndefined()
    expect(sizeIn(await log.checkpoint())).toBe(0)
    await log.close()
    expect(await place.verify()).toMatchObject({ size: 0, findings: [] })
  })

  test('gives every entry its index, in order, and publishes all of them when it is closed', async () => {
    const place = await aPlace()
    const log = await place.open()
    expect(await log.append(someEntries(0, 3))).toEqual([0, 1, 2].map((index) => ({ index, id: idOf(index) })))
    expect(await log.append([anEntry(3)])).toEqual([{ index: 3, id: idOf(3) }])
    expect(await log.append([])).toEqual([])
    await log.close()
    expect(sizeIn(await readFile(join(place.dir, 'checkpoint'), 'utf8'))).toBe(4)
    expect(await readdir(join(place.dir, 'journal'))).toEqual([])
    expect(await place.verify()).toMatchObject({ size: 4, pending: 0, findings: [] })
  })

  test('publishes by itself at least every interval while entries arrive', async () => {
    const place = await aPlace()
    const log = await place.open({ checkpointEveryMs: 50 })
    await log.append(someEntries(0, 300))
    await eventually(async () => expect(sizeIn(await log.checkpoint())).toBe(300))
    await log.append(someEntries(300, 1))
    await eventually(async () => expect(sizeIn(await log.checkpoint())).toBe(301))
    expect(await place.verify()).toMatchObject({ size: 301, findings: [] })
    await log.close()
  })

  test('reads back what it was given: from memory, from tiles, and after it was opened again', async () => {
    const place = await aPlace()
    const log = await place.open({ checkpointEveryMs: 20 })
    const ids = Array.from({ length: 700 }, (_, at) => idOf(at))
    for (let first = 0; first < 700; first += 70) await log.append(someEntries(first, 70))
    expect(await idsIn(log)).toEqual(ids)
    await log.close()
    const again = await place.open()
    expect(await idsIn(again)).toEqual(ids)
    expect(await again.read(700)).toEqual([])
    await again.close()
  })

  test('remembers the newest time over a restart', async () => {
    const place = await aPlace()
    const log = await place.open()
    await log.append([anEntry(1, { at: '2026-11-21T21:00:00.000Z' }), anEntry(2, { at: '2026-11-21T20:59:59.999Z' })])
    expect(log.newestAt()).toBe(Date.parse('2026-11-21T21:00:00.000Z'))
    await log.close()
    const again = await place.open()
    expect(again.newestAt()).toBe(Date.parse('2026-11-21T21:00:00.000Z'))
    await again.close()
  })

  test('syncs once for all that wait', async () => {
    const files = faultyFiles()
    const log = await (await aPlace()).open({ files, checkpointEveryMs: 60_000 })
    await log.append([anEntry(0)])
    const before = files.calls.sync
    const release = files.hang()
    const appends = Array.from({ length: 200 }, (_, at) => log.append([anEntry(at + 1)]))
    await eventually(() => expect(files.hanging).toBe(1))
    release()
    const placed = (await Promise.all(appends)).flat()
    expect(placed.map(({ index }) => index)).toEqual(Array.from({ length: 200 }, (_, at) => at + 1))
    expect(files.calls.sync - before).toBeLessThanOrEqual(2)
    await log.close()
  })

  test('keeps its files to its owner', async () => {
    const place = await aPlace()
    const log = await place.open()
    await log.append(someEntries(0, 300))
    await log.close()
    for (const name of await readdir(place.dir, { recursive: true })) {
      const { mode } = await stat(join(place.dir, name))
      expect((mode & 0o077).toString(8)).toBe('0')
    }
  })

  test('has one writer: a second one is refused, in this process too, until the first is gone', async () => {
    const place = await aPlace()
    const log = await place.open()
    await expect(place.open()).rejects.toMatchObject({ code: 'log_unavailable' })
    await log.append([anEntry(0)])
    await log.close()
    const next = await place.open()
    expect(next.sequenced).toBe(1)
    await next.close()
    await expect(next.append([anEntry(1)])).rejects.toMatchObject({ code: 'log_unavailable' })
  })

  test('refuses an entry above 65,535 bytes, says which, and takes the others', async () => {
    const place = await aPlace()
    const log = await place.open()
    const large = anEntry(1, { attributes: { note: 'x'.repeat(65_535) } })
    const refused = log.append([anEntry(0), large])
    await expect(refused).rejects.toMatchObject({ code: 'payload_too_large', detail: expect.stringContaining(idOf(1)) })
    expect(await log.append([anEntry(2)])).toEqual([{ index: 0, id: idOf(2) }])
    await log.close()
    expect(await place.verify()).toMatchObject({ size: 1, findings: [] })
  })

  test('refuses what is no entry, so that verify never meets one', async () => {
    const log = await (await aPlace()).open()
    await expect(log.append([anEntry(0, { id: 'x' })])).rejects.toMatchObject({ code: 'internal' })
    expect(log.sequenced).toBe(0)
    await log.close()
  })
})

describe.each([
  ['a full disk (ENOSPC on write)', 'ENOSPC', ['write', 'create']],
  [
    'a read-only disk (EROFS on everything)',
    'EROFS',
    ['write', 'sync', 'truncate', 'create', 'replace', 'syncDirectory'],
  ],
  ['a failing disk (EIO on fsync)', 'EIO', ['sync']],
  ['a failing disk that cannot be cut either', 'EIO', ['sync', 'truncate']],
  ['a full directory (ENOSPC on create)', 'ENOSPC', ['write', 'create', 'syncDirectory']],
] as const)('on %s', (_, code, operations) => {
  test('every waiting append is refused, none of them counts, and the log heals by itself', async () => {
    const place = await aPlace()
    const files = faultyFiles()
    const faults: unknown[] = []
    const log = await place.open({ files, checkpointEveryMs: 30, onFault: (error) => faults.push(error) })
    await log.append(someEntries(0, 2))
    files.fail(code, ...operations)
    expect(await settled([log.append(someEntries(2, 2)), log.append([anEntry(4)])])).toEqual([
      'log_unavailable',
      'log_unavailable',
    ])
    expect(log.healthy).toBe(false)
    await expect(log.append([anEntry(5)])).rejects.toMatchObject({ code: 'log_unavailable' })
    expect(faults.length).toBeGreaterThan(0)
    files.mend()
    await eventually(() => expect(log.healthy).toBe(true))
    expect(await log.append([anEntry(6)])).toEqual([{ index: 2, id: idOf(6) }])
    expect(await idsIn(log)).toEqual([0, 1, 6].map(idOf))
    await log.close()
    expect(await place.verify()).toMatchObject({ size: 3, findings: [] })
  })

  test('and then the power goes: what was answered is there once, what was refused is not', async () => {
    const place = await aPlace()
    const files = faultyFiles()
    const log = await place.open({ files, checkpointEveryMs: 60_000 })
    await log.append(someEntries(0, 2))
    files.fail(code, ...operations)
    await settled([log.append(someEntries(2, 2))])
    files.mend()
    await eventually(() => expect(log.healthy).toBe(true))
    await log.append([anEntry(6)])
    const copy = `${place.dir}-after`
    await cp(place.dir, copy, { recursive: true })
    const after = placeAt(copy, place.signer)
    expect(await after.verify()).toMatchObject({ findings: [] })
    const again = await after.open()
    expect(await idsIn(again)).toEqual([0, 1, 6].map(idOf))
    await again.close()
    await log.close()
  })
})

describe('publication', () => {
  test.each(['replace', 'syncDirectory'] as const)(
    'that fails at %s leaves appends durable, readiness down, and catches up',
    async (operation) => {
      const place = await aPlace()
      const files = faultyFiles()
      const log = await place.open({ files, checkpointEveryMs: 20 })
      files.fail('ENOSPC', operation)
      await log.append(someEntries(0, 300))
      await eventually(() => expect(log.healthy).toBe(false))
      await log.append([anEntry(300)])
      expect(await place.verify()).toMatchObject({ findings: [] })
      files.mend()
      await eventually(() => expect(log.healthy).toBe(true))
      await log.close()
      expect(await place.verify()).toMatchObject({ size: 301, findings: [] })
    },
  )

  test('that fails at closing says so, and the next opening makes up for it', async () => {
    const place = await aPlace()
    const files = faultyFiles()
    const log = await place.open({ files, checkpointEveryMs: 20 })
    await log.append(someEntries(0, 1))
    await eventually(async () => expect(sizeIn(await log.checkpoint())).toBe(1))
    await log.append(someEntries(1, 4))
    files.fail('EROFS', 'replace')
    await expect(log.close()).rejects.toMatchObject({ code: 'log_unavailable' })
    expect(await place.verify()).toMatchObject({ size: 1, pending: 4, findings: [] })
    const again = await place.open()
    expect(await idsIn(again)).toEqual([0, 1, 2, 3, 4].map(idOf))
    await again.close()
  })
})

describe('in mode buffer', () => {
  test('appends wait for a log that heals in time', async () => {
    const files = faultyFiles()
    const log = await (await aPlace()).open({ files, onFailure: 'buffer' })
    files.fail('ENOSPC', 'write')
    const waiting = [log.append([anEntry(0)]), log.append([anEntry(1)])]
    await eventually(() => expect(log.healthy).toBe(false))
    waiting.push(log.append([anEntry(2)]))
    files.mend()
    expect(await settled(waiting)).toEqual(['durable', 'durable', 'durable'])
    expect(await idsIn(log)).toEqual([0, 1, 2].map(idOf))
    await log.close()
  })

  test('appends are refused when it does not', async () => {
    const files = faultyFiles()
    const log = await (await aPlace()).open({ files, onFailure: 'buffer' })
    files.fail('ENOSPC', 'write', 'create')
    expect(await settled([log.append([anEntry(0)])])).toEqual(['log_unavailable'])
    files.mend()
    await eventually(() => expect(log.healthy).toBe(true))
    expect(log.sequenced).toBe(0)
    await log.close()
  })
})

test('behind a disk that hangs, what is not on its way is refused in time, and readiness goes down', async () => {
  const files = faultyFiles()
  const log = await (await aPlace()).open({ files })
  const release = files.hang()
  const first = log.append([anEntry(0)])
  await eventually(() => expect(files.hanging).toBe(1))
  await expect(log.append([anEntry(1)])).rejects.toMatchObject({ code: 'log_unavailable' })
  expect(log.healthy).toBe(false)
  release()
  expect(await first).toEqual([{ index: 0, id: idOf(0) }])
  await log.close()
})

describe('recovery', () => {
  /** A log that was killed: two published entries, and records of three and one behind them. */
  async function aKilledLog(): Promise<{
    readonly place: Awaited<ReturnType<typeof aPlace>>
    readonly segment: string
    readonly ends: readonly number[]
  }> {
    const place = await aPlace()
    const files = faultyFiles()
    const log = await place.open({ files, checkpointEveryMs: 20 })
    await log.append(someEntries(0, 2))
    await eventually(async () => expect(sizeIn(await log.checkpoint())).toBe(2))
    files.fail('ENOSPC', 'replace') // nothing is published any more
    const [name = ''] = await readdir(join(place.dir, 'journal'))
    const file = join(place.dir, 'journal', name)
    await log.append(someEntries(2, 3))
    const ends = [(await stat(file)).size]
    await log.append([{ v: 1, id: idOf(5), at: '2026-11-21T22:00:00.000Z', kind: 'refused' }])
    ends.push((await stat(file)).size)
    const copy = `${place.dir}-killed`
    await cp(place.dir, copy, { recursive: true })
    files.mend()
    await log.close()
    return { place: placeAt(copy, place.signer), segment: join(copy, 'journal', name), ends }
  }

  test('integrates what only the journal holds, once, however often it is repeated', async () => {
    const { place } = await aKilledLog()
    expect(await place.verify()).toMatchObject({ size: 2, pending: 4, findings: [] })
    for (let round = 0; round < 3; round += 1) {
      const log = await place.open()
      expect(await idsIn(log)).toEqual([0, 1, 2, 3, 4, 5].map(idOf))
      await log.close()
    }
    expect(await place.verify()).toMatchObject({ size: 6, pending: 0, findings: [] })
  })

  test('cuts off a torn last record at whatever byte it is torn, and nothing else', { timeout: 120_000 }, async () => {
    const { place, segment, ends } = await aKilledLog()
    const [before = 0, end = 0] = ends
    const bytes = await readFile(segment)
    const files = nodeFiles()
    for (let length = before; length < end; length += 1) {
      const dir = `${place.dir}-${length}`
      await cp(place.dir, dir, { recursive: true })
      await truncate(join(dir, 'journal', segment.slice(segment.lastIndexOf('/') + 1)), length)
      const torn = placeAt(dir, place.signer)
      if (length % 50 === 0) expect(await torn.verify()).toMatchObject({ size: 2, pending: 3, findings: [] })
      const log = await torn.open({ files })
      expect(log.sequenced).toBe(5)
      await log.close()
    }
    expect(bytes.length).toBe(end)
  })

  test('refuses a journal with damage before its end: an answered entry would be lost', async () => {
    const { place, segment, ends } = await aKilledLog()
    const bytes = await readFile(segment)
    bytes[(ends[0] ?? 0) - 5] = (bytes[(ends[0] ?? 0) - 5] ?? 0) ^ 1
    await writeFile(segment, bytes)
    await expect(place.open()).rejects.toMatchObject({
      code: 'log_unavailable',
      message: 'the log is damaged: entry 2 is lost from the journal',
    })
    expect((await place.verify()).findings[0]).toMatchObject({ index: 2, problem: expect.stringContaining('journal') })
  })

  test('refuses an older checkpoint in place of the newest: going on would fork the log', async () => {
    const place = await aPlace()
    const log = await place.open({ checkpointEveryMs: 20 })
    await log.append(someEntries(0, 3))
    await eventually(async () => expect(sizeIn(await log.checkpoint())).toBe(3))
    const older = (await log.checkpoint()) ?? ''
    await log.append(someEntries(3, 2))
    await log.close()
    await writeFile(join(place.dir, 'checkpoint'), older)
    await expect(place.open()).rejects.toMatchObject({ message: expect.stringContaining('tiles hold entries above 2') })
    expect(lines(await place.verify())[0]).toMatch(/^3 01KC0{21}3 .* the checkpoint is older than the tiles$/u)
  })

  test("refuses another key's checkpoint, and tiles that do not give its root", async () => {
    const place = await aPlace()
    const log = await place.open()
    await log.append(someEntries(0, 3))
    await log.close()
    const foreign = await loadSigner(nodeFiles(), `${place.dir}-foreign`, ORIGIN)
    await expect(placeAt(place.dir, foreign).open()).rejects.toMatchObject({ code: 'log_unavailable' })
    const tile = join(place.dir, 'tile', '0', '000.p', '3')
    await writeFile(tile, Buffer.alloc(96))
    await expect(place.open()).rejects.toMatchObject({ message: expect.stringContaining('do not give the root') })
  })
})

describe('the signing key', () => {
  test('is made once, kept to its owner, and stands beside its verifier key', async () => {
    const { dir } = await aPlace()
    const one = await loadSigner(nodeFiles(), `${dir}-key`, ORIGIN)
    const other = await loadSigner(nodeFiles(), `${dir}-key`, ORIGIN)
    expect(other.verifierKey).toEqual(one.verifierKey)
    expect((await stat(join(`${dir}-key`, 'log.key'))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(`${dir}-key`, 'log.vkey'), 'utf8')).toBe(`${formatVerifierKey(one.verifierKey)}\n`)
  })

  test('of another origin, or what is no key, is refused without repeating it', async () => {
    const { dir } = await aPlace()
    await loadSigner(nodeFiles(), `${dir}-key`, ORIGIN)
    await expect(loadSigner(nodeFiles(), `${dir}-key`, 'other.example')).rejects.toMatchObject({
      code: 'log_unavailable',
    })
    await writeFile(join(`${dir}-key`, 'log.key'), 'PRIVATE+KEY+sesame')
    await expect(loadSigner(nodeFiles(), `${dir}-key`, ORIGIN)).rejects.toThrow(/^((?!sesame).)*$/u)
  })
})
