/**
 * `kill -9` at random instants (design 6 L3): every entry that was answered for is in the log, once and at its index, the log opens, and it
 * verifies, before it was opened again and after.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { aPlace, idsIn, lines, type Place } from './log-kit.ts'

const ROUNDS = Number(process.env['LOG_KILL_ROUNDS'] ?? 20)
const MAX_LIFE_MS = 250
/** Numbers of test entries that one round may use. */
const ROUND_ENTRIES = 1_000_000
const WRITER = fileURLToPath(new URL('log-writer.ts', import.meta.url))

/** Writes until it is killed, some time after its first answer. Gives what it was answered. */
async function killedWriter({ dir, keys }: Place, round: number): Promise<ReadonlyMap<number, string>> {
  const writer = spawn(process.execPath, [WRITER, dir, keys, String(round * ROUND_ENTRIES)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(writer, 'exit')
  let answers = ''
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (answers === '') setTimeout(() => writer.kill('SIGKILL'), Math.random() * MAX_LIFE_MS)
    answers += text
  })
  const [, signal]: readonly unknown[] = await exit
  expect(signal).toBe('SIGKILL')
  const answered = new Map<number, string>()
  for (const line of answers.split('\n').slice(0, -1)) {
    const [index = '', id = ''] = line.split(' ')
    answered.set(Number(index), id)
  }
  return answered
}

test(`after each of ${ROUNDS} kills, every answered entry is there exactly once`, {
  timeout: ROUNDS * 15_000,
}, async () => {
  const place = await aPlace()
  const all = new Map<number, string>()
  for (let round = 0; round < ROUNDS; round += 1) {
    const answered = await killedWriter(place, round)
    expect(answered.size).toBeGreaterThan(0)
    for (const [index, id] of answered) {
      expect(all.has(index)).toBe(false)
      all.set(index, id)
    }
    const asFound = await place.verify()
    expect(lines(asFound)).toEqual([])
    const log = await place.open()
    const ids = await idsIn(log)
    for (const [index, id] of all) expect(ids[index]).toBe(id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(asFound.size + asFound.pending).toBe(ids.length)
    await log.close()
    const verified = await place.verify(asFound.checkpoint)
    expect(lines(verified)).toEqual([])
    expect(verified.size).toBe(ids.length)
  }
})
