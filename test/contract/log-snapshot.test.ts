/**
 * A snapshot of a log while another process writes it (ADR 0151): it opens, verifies and has every entry that was answered before the copy began; nothing in it
 * changes when the log goes on.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { runLogCommand } from '../../pdp/src/cli/log-command.ts'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { openLog } from '../../pdp/src/log/log.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import { snapshotLog } from '../../pdp/src/log/snapshot.ts'
import { anEntry, aPlace, idsIn, lines, ORIGIN, type Place, placeAt } from './log-kit.ts'

const WRITER = fileURLToPath(new URL('log-writer.ts', import.meta.url))
const SNAPSHOTS = 12

/** A process that publishes every 15 ms. `answered` grows while it writes. */
async function aWriter({ dir, keys }: Place) {
  const answered = new Map<number, string>()
  const writer = spawn(process.execPath, [WRITER, dir, keys, '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(writer, 'exit')
  let rest = ''
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    const complete = (rest + text).split('\n')
    rest = complete.pop() ?? ''
    for (const line of complete) {
      const [index = '', id = ''] = line.split(' ')
      answered.set(Number(index), id)
    }
  })
  const stop = async (): Promise<void> => {
    writer.kill('SIGKILL')
    await exit
  }
  onTestFinished(stop)
  await once(writer.stdout, 'data')
  return { answered, stop }
}

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-snapshot-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Every file below a folder with its bytes. */
const filesIn = (dir: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(dir, name)).isFile())
      .map((name) => [name, readFileSync(join(dir, name)).toString('base64')]),
  )

test('a log that is written meanwhile: what was answered before is in it, and it opens and verifies', {
  timeout: 120_000,
}, async () => {
  const place = await aPlace()
  const { answered, stop } = await aWriter(place)
  const folder = aFolder()
  const taken: { readonly to: string; readonly before: ReadonlyMap<number, string>; readonly files: unknown }[] = []
  for (let n = 0; n < SNAPSHOTS; n += 1) {
    const to = join(folder, String(n))
    const before = new Map(answered)
    await snapshotLog({ dir: place.dir, to, origin: ORIGIN })
    taken.push({ to, before, files: filesIn(to) })
  }
  await stop()
  for (const { to, before, files } of taken) {
    expect(filesIn(to)).toEqual(files)
    const copy = placeAt(to, place.signer)
    expect(lines(await copy.verify())).toEqual([])
    const log = await copy.open()
    const ids = await idsIn(log)
    for (const [index, id] of before) expect(ids[index]).toBe(id)
    await log.close()
    expect(lines(await copy.verify())).toEqual([])
  }
  expect(taken.at(-1)?.before.size).toBeGreaterThan(256)
})

test('an empty log, and one whose entries are all in the journal', async () => {
  const place = await aPlace()
  const log = await place.open({ checkpointEveryMs: 3_600_000 })
  const folder = aFolder()
  expect(await snapshotLog({ dir: place.dir, to: join(folder, 'empty'), origin: ORIGIN })).toMatchObject({ pending: 0 })
  await log.append([anEntry(1)])
  const { published } = await snapshotLog({ dir: place.dir, to: join(folder, 'first'), origin: ORIGIN })
  await log.append([anEntry(2), anEntry(3)])
  const next = await snapshotLog({ dir: place.dir, to: join(folder, 'next'), origin: ORIGIN })
  expect(next.published + next.pending).toBe(3)
  expect(published).toBeLessThan(3)
  await log.close()
})

test('a journal that is damaged is refused', async () => {
  const place = await aPlace()
  const log = await place.open({ checkpointEveryMs: 3_600_000 })
  for (const n of [1, 2, 3, 4]) await log.append([anEntry(n)])
  const [segment = ''] = readdirSync(join(place.dir, 'journal'))
  const bytes = readFileSync(join(place.dir, 'journal', segment))
  const middle = Math.floor(bytes.length / 2)
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  writeFileSync(join(place.dir, 'journal', segment), bytes)
  const copy = { dir: place.dir, to: join(aFolder(), 'copy'), origin: ORIGIN }
  await expect(snapshotLog(copy)).rejects.toThrow(/entry \d is lost from the journal/u)
  await log.close()
})

test('npm run log -- snapshot: verifier keys and no secret; an existing place is refused', async () => {
  const data = aFolder()
  const place = await aPlace()
  const signer = await loadSigner(nodeFiles(), data, ORIGIN)
  const log = await placeAt(join(data, 'log'), signer).open()
  await log.append([anEntry(1), anEntry(2)])
  const said: string[] = []
  const worker = await loadSigner(nodeFiles(), join(data, 'worker-2'), `${ORIGIN}/w2`)
  await (await openLog({ dir: join(data, 'worker-2', 'log'), origin: `${ORIGIN}/w2`, signer: worker })).close()
  const io = {
    out: (text: string) => void said.push(text),
    err: (text: string) => void said.push(text),
    environment: {},
  }
  const to = join(aFolder(), 'copy')
  expect(await runLogCommand(['snapshot', '--data', data, '--to', to], io)).toBe(0)
  expect(said.join('')).toMatch(/^2 entries, \d of them in the journal: /u)
  expect(readdirSync(to).toSorted()).toEqual(['log', 'log.vkey', 'log.vkeys', 'worker-2'])
  expect(readdirSync(join(to, 'worker-2')).toSorted()).toEqual(['log', 'log.vkey', 'log.vkeys'])
  expect(await runLogCommand(['snapshot', '--data', data, '--to', to], io)).toBe(64)
  expect(said.at(-1)).toContain('nothing is overwritten')
  expect(await runLogCommand(['snapshot', '--data', place.dir, '--to', `${to}-2`], io)).toBe(65)
  expect(existsSync(`${to}-2`)).toBe(false)
  expect(await runLogCommand(['snapshot', '--data', data], io)).toBe(64)
  await log.close()
  rmSync(join(data, 'log'), { recursive: true })
  expect(await runLogCommand(['snapshot', '--data', data, '--to', `${to}-3`], io)).toBe(65)
  expect(said.at(-1)).toContain('has no log')
})
