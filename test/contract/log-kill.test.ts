/**
 * `kill -9` at random instants (rule L3): every entry that was answered for is in the log, once and at its index, the log opens, and it
 * verifies, before it was opened again and after.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { aPlace, idsIn, lines, ORIGIN, type Place } from './log-kit.ts'

const ROUNDS = Number(process.env['LOG_KILL_ROUNDS'] ?? 20)
const MAX_LIFE_MS = 250
/** Numbers of test entries that one round may use. */
const ROUND_ENTRIES = 1_000_000
const PDP = fileURLToPath(new URL('../../pdp/src/main.ts', import.meta.url))
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

test('a start on a full disk after a kill ends with 70 and the true cause; with room again everything is there', async () => {
  const place = await aPlace()
  const answered = await killedWriter(place, 0)
  for (const name of ['log.key', 'log.vkey', 'log.vkeys'])
    await copyFile(join(place.keys, name), join(dirname(place.dir), name))
  const child = spawn('bash', ['-c', `ulimit -f 1; exec "${process.execPath}" "${PDP}"`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      PDP_DATA_DIR: dirname(place.dir),
      PDP_ISSUER: 'http://127.0.0.1:1/realms/none',
      PDP_LOG_ORIGIN: ORIGIN,
      OPENFGA_URL: 'http://127.0.0.1:1',
      OPENFGA_API_TOKEN: 'a-token-of-the-test-that-is-long',
    },
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const [code]: readonly unknown[] = await once(child, 'close')
  expect(said).toContain('EFBIG')
  expect(code).toBe(70)
  const log = await place.open()
  const ids = await idsIn(log)
  for (const [index, id] of answered) expect(ids[index]).toBe(id)
  await log.close()
})
