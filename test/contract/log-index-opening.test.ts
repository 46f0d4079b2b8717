/**
 * The index opens and is built behind the log: who reads too early is told so and how far it is, who logs waits for nothing.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startIndex } from '../../pdp/src/log/entry-index.ts'
import type { EntryIndex } from '../../pdp/src/ports/log.ts'
import { anEntry, aPlace, idOf } from './log-kit.ts'

const FEW = 30

/** A log with some entries whose reading waits until it is let. */
async function aSlowLog() {
  const place = await aPlace()
  const log = await place.open()
  onTestFinished(() => log.close())
  await log.append(Array.from({ length: FEW }, (_, number) => anEntry(number)))
  const gate = Promise.withResolvers<void>()
  const slow = {
    origin: log.origin,
    get sequenced() {
      return log.sequenced
    },
    get published() {
      return log.published
    },
    read: (from: number) => gate.promise.then(() => log.read(from)),
    archived: () => log.archived(),
    onSequenced: (listener: () => void) => log.onSequenced(listener),
  }
  return { place, log, slow, letRead: gate.resolve }
}

/** Closed before the log is. */
function started(index: EntryIndex): EntryIndex {
  onTestFinished(() => index.close())
  return index
}

test('while it is being built it is unavailable and says how far it is; then it answers for all', async () => {
  const { slow, log, letRead } = await aSlowLog()
  const index = started(startIndex({ place: ':memory:', log: slow, deadlineMs: 300 }))
  await expect(index.query({ limit: 1 })).rejects.toMatchObject({
    code: 'index_unavailable',
    detail: `The index is being built: 0 of ${FEW} entries. Try again later.`,
  })
  await log.append([anEntry(FEW)])
  letRead()
  await expect.poll(() => index.query({ limit: 1 }).then(({ total }) => total, String)).toBe(FEW + 1)
  expect(index.isReady).toBe(true)
})

test('a place that cannot be opened is told of once and tried again until it can', async () => {
  const { place, slow, letRead } = await aSlowLog()
  letRead()
  const faults: unknown[] = []
  const folder = `${place.dir}.index`
  const index = started(
    startIndex({ place: join(folder, 'index.db'), log: slow, deadlineMs: 300, onFault: (fault) => faults.push(fault) }),
  )
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await expect.poll(() => faults.length).toBe(1)
  await expect(index.get(idOf(1))).rejects.toMatchObject({ code: 'index_unavailable' })
  expect(index.isReady).toBe(false)
  await mkdir(folder)
  await expect.poll(() => index.get(idOf(1)).then((entry) => entry?.index, String)).toBe(1)
  expect(faults).toHaveLength(1)
})

test('a file that is no index is the fault that readers get, with its cause for operators', async () => {
  const { place, slow, letRead } = await aSlowLog()
  letRead()
  const file = `${place.dir}.index`
  await writeFile(file, 'this is no database, and it is long enough to be looked at as one'.repeat(20))
  const index = started(startIndex({ place: file, log: slow, deadlineMs: 5_000 }))
  await expect(index.get(idOf(1))).rejects.toMatchObject({
    code: 'index_unavailable',
    message: expect.stringContaining('not a database'),
  })
})
