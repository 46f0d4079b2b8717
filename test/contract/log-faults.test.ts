/**
 * Every operation of the file layer fails once, in turn, in every way: whatever was answered is in the log once, whatever was refused is not, the
 * log goes on by itself or opens again, and it verifies (rules L2, L3).
 */
import { Fault } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { type AppendFile, type Files, nodeFiles } from '../../pdp/src/log/files.ts'
import type { OpenLog } from '../../pdp/src/log/log.ts'
import { anEntry, aPlace, eventually, idOf, idsIn, lines, type Place } from './log-kit.ts'

/** How many operations one after the other fail: the one alone, or also what is tried in its place. */
const LASTING = 3
const AT_ONCE = 8
/** Not of the disk, or past the point at which anything is answered. */
const NEVER_FAILS = ['lock', 'close']

interface Ways {
  readonly code: string
  /** A failing write leaves this much of its bytes behind. */
  readonly written: number
}

const WAYS: readonly Ways[] = [
  { code: 'ENOSPC', written: 0 },
  { code: 'ENOSPC', written: 0.5 },
  { code: 'EROFS', written: 0 },
  { code: 'EIO', written: 1 },
]

/** The real file layer, of which the operations from the `nth` on fail, `LASTING` of them. */
class FailingFiles {
  calls = 0
  readonly files: Files
  readonly #nth: number
  readonly #ways: Ways

  constructor(nth: number, ways: Ways) {
    this.#nth = nth
    this.#ways = ways
    const real = nodeFiles()
    const wrapped = Object.entries(real).map(([name, operation]) => [
      name,
      NEVER_FAILS.includes(name) ? operation : this.#guard(operation as (...given: never[]) => Promise<unknown>),
    ])
    this.files = { ...(Object.fromEntries(wrapped) as Files), create: (path) => this.#create(real, path) }
  }

  #guard<Given extends unknown[], T>(operation: (...given: Given) => Promise<T>): (...given: Given) => Promise<T> {
    return async (...given) => {
      this.#count()
      return operation(...given)
    }
  }

  #count(): void {
    this.calls += 1
    const { code } = this.#ways
    if (this.#isFailing(this.calls)) throw Object.assign(new Error(`${code}: injected`), { code })
  }

  #isFailing(call: number): boolean {
    return call >= this.#nth && call < this.#nth + LASTING
  }

  async #create(real: Files, path: string): Promise<AppendFile> {
    this.#count()
    const file = await real.create(path)
    return {
      write: async (bytes) => {
        const left = Math.floor(bytes.length * this.#ways.written)
        if (this.#isFailing(this.calls + 1) && left > 0) await file.write(bytes.subarray(0, left))
        this.#count()
        await file.write(bytes)
      },
      sync: this.#guard(() => file.sync()),
      truncate: this.#guard((length: number) => file.truncate(length)),
      close: () => file.close(),
    }
  }
}

interface Told {
  readonly answered: Map<number, string>
  readonly refused: string[]
  /** Whether the log went on after a refusal, or there was none: from then on what was refused is void for ever. */
  hasHealed: boolean
}

/** Appends one entry and keeps what was said of it. */
async function append(log: OpenLog, number: number, { answered, refused }: Told): Promise<void> {
  try {
    for (const { index, id } of await log.append([anEntry(number)])) answered.set(index, id)
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    expect(error).toMatchObject({ code: 'log_unavailable' })
    refused.push(idOf(number))
  }
}

/** Opens, writes, publishes, writes, closes. Whatever fails is a Fault. */
async function live(place: Place, files: Files, told: Told): Promise<void> {
  const log = await place.open({ files, checkpointEveryMs: 5 })
  try {
    for (const number of [0, 1, 2]) await append(log, number, told)
    if (told.answered.has(0))
      await log.prove(0).catch((error: unknown) => expect(error).toMatchObject({ code: 'log_unavailable' }))
    for (const number of [3, 4]) await append(log, number, told)
    if (told.refused.length > 0) {
      await eventually(() => expect(log.healthy).toBe(true))
      await append(log, 5, told)
      expect(told.refused).not.toContain(idOf(5))
    }
    told.hasHealed = true
  } finally {
    await log.close()
  }
}

async function withFault(nth: number, ways: Ways): Promise<void> {
  const place = await aPlace()
  const told: Told = { answered: new Map(), refused: [], hasHealed: false }
  const failing = new FailingFiles(nth, ways)
  await live(place, failing.files, told).catch((error: unknown) =>
    expect(error, `operation ${nth}`).toMatchObject({ code: 'log_unavailable' }),
  )
  const again = await place.open()
  const ids = await idsIn(again)
  await again.close()
  expect(new Set(ids).size, `operation ${nth}`).toBe(ids.length)
  for (const [index, id] of told.answered) expect(ids[index], `operation ${nth}`).toBe(id)
  // One that ended before it could go on may hold what it refused last: the disk had it, and nobody was told that it counts.
  if (told.hasHealed) expect(ids.length, `operation ${nth}: what was refused counts`).toBe(told.answered.size)
  expect(lines(await place.verify()), `operation ${nth}`).toEqual([])
}

test.for(WAYS)('each operation in turn fails with %o', { timeout: 180_000 }, async (ways) => {
  const place = await aPlace()
  const counting = new FailingFiles(Number.POSITIVE_INFINITY, ways)
  const told: Told = { answered: new Map(), refused: [], hasHealed: false }
  await live(place, counting.files, told)
  expect([told.answered.size, told.refused]).toEqual([5, []])
  expect(counting.calls).toBeGreaterThan(30)
  const left = Array.from({ length: counting.calls + 2 }, (_, at) => at + 1)
  const work = async (): Promise<void> => {
    for (let nth = left.pop(); nth !== undefined; nth = left.pop()) await withFault(nth, ways)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
})
