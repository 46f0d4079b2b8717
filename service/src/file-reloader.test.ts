import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { ConfigError, readEnvironment } from './config.ts'
import { FileReloader, type Reload } from './file-reloader.ts'
import { setting } from './settings.ts'

const SECRET = 'correct horse battery'
const schema = z.strictObject({ NOTES_SECRET: setting.secret, NOTES_SALT: setting.secret, NOTES_PORT: setting.port(1) })
type Config = z.output<typeof schema>

let folder: string
let environment: Record<string, string>
let lines: { readonly level: string; readonly text: string; readonly fields: Readonly<Record<string, unknown>> }[]
const reloaders: FileReloader<Config>[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'service-reload-'))
  environment = { NOTES_SECRET_FILE: join(folder, 'secret'), NOTES_SALT_FILE: join(folder, 'salt') }
  write('secret', 'the first secret')
  write('salt', 'the first salt')
  lines = []
})
afterEach(async () => {
  await Promise.all(reloaders.splice(0).map((one) => one.close()))
  rmSync(folder, { recursive: true })
})
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)

const say =
  (level: string) =>
  (fields: object, text: string): void =>
    void lines.push({ level, text, fields: fields as Readonly<Record<string, unknown>> })

/** A reloader, and the secrets that were put into force. */
function reloading(prepare?: Reload<Config>['prepare'], everyMs = 3_600_000, whileRead: () => void = () => undefined) {
  const applied: string[] = []
  const outcomes: string[] = []
  const reloader = new FileReloader<Config>({
    environment,
    readConfig: (env) => {
      const config = readEnvironment(env, { prefix: 'NOTES_', schema })
      whileRead()
      return config
    },
    reload: {
      files: ['NOTES_SECRET_FILE', 'NOTES_PEER_FILE'],
      filesAtStart: ['NOTES_SALT_FILE'],
      prepare: prepare ?? ((next) => () => void applied.push(next.NOTES_SECRET)),
    },
    logger: { info: say('info'), warn: say('warn'), error: say('error') },
    onOutcome: (outcome) => outcomes.push(outcome),
    everyMs,
  })
  reloaders.push(reloader)
  return { reloader, applied, outcomes }
}

test('unchanged files change nothing, and nothing is logged', async () => {
  const { reloader, applied, outcomes } = reloading()
  expect(await reloader.now()).toBe('unchanged')
  expect([applied, outcomes, lines]).toEqual([[], [], []])
})

test('a changed file is put into force once; the log names its variable and no value', async () => {
  const { reloader, applied } = reloading()
  write('secret', SECRET)
  expect(await Promise.all([reloader.now(), reloader.now()])).toEqual(['applied', 'unchanged'])
  expect(applied).toEqual([SECRET])
  expect(lines).toMatchObject([{ level: 'info', fields: { files: ['NOTES_SECRET_FILE'] } }])
  expect(JSON.stringify(lines)).not.toContain(SECRET)
})

test('a file that cannot be used keeps the former one in force, is reported once, and is tried again', async () => {
  const { reloader, applied, outcomes } = reloading()
  write('secret', 'short')
  expect([await reloader.now(), await reloader.now()]).toEqual(['refused', 'refused'])
  expect([applied, outcomes]).toEqual([[], ['refused', 'refused']])
  const problems = ['NOTES_SECRET: must have at least 8 characters']
  expect(lines).toMatchObject([{ level: 'error', fields: { files: ['NOTES_SECRET_FILE'], problems } }])
  rmSync(join(folder, 'secret'))
  expect(await reloader.now()).toBe('refused')
  write('secret', SECRET)
  expect(await reloader.now()).toBe('applied')
  expect(applied).toEqual([SECRET])
})

test('a file that changes while it is read is not used', async () => {
  let isWritten = false
  const { reloader, applied } = reloading(undefined, undefined, () => {
    if (!isWritten) write('secret', SECRET)
    isWritten = true
  })
  write('secret', SECRET.slice(0, 12))
  expect(await reloader.now()).toBe('refused')
  expect(applied).toEqual([])
  expect(await reloader.now()).toBe('applied')
  expect(applied).toEqual([SECRET])
})

test('a file that is being written is not used before it is whole', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const everyMs = 5_000
  const { reloader, applied } = reloading(undefined, everyMs)
  for (const length of [9, 12, SECRET.length]) {
    write('secret', SECRET.slice(0, length))
    await vi.advanceTimersByTimeAsync(everyMs)
  }
  await vi.advanceTimersByTimeAsync(everyMs)
  await reloader.close()
  expect(applied).toEqual([SECRET])
})

test('a volume of Kubernetes, which replaces a link to all of its files, is followed', async () => {
  const publish = (name: string, secret: string): void => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'secret'), secret)
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  publish('..one', 'the first secret')
  rmSync(join(folder, 'secret'))
  symlinkSync('..data/secret', join(folder, 'secret'))
  const { reloader, applied } = reloading()
  publish('..two', SECRET)
  rmSync(join(folder, '..one'), { recursive: true })
  expect(await reloader.now()).toBe('applied')
  expect(applied).toEqual([SECRET])
})

test('another file of the configuration that cannot be used keeps all in force', async () => {
  const { reloader, applied } = reloading()
  write('secret', SECRET)
  write('salt', 'short')
  expect(await reloader.now()).toBe('refused')
  expect(applied).toEqual([])
})

test('what the service refuses changes nothing, and is tried again though no file changes', async () => {
  let works = false
  const { reloader, outcomes } = reloading(async () => {
    if (!works) throw new ConfigError(['NOTES_SECRET: the far side refuses it'])
    return () => undefined
  })
  write('secret', SECRET)
  expect(await reloader.now()).toBe('refused')
  works = true
  expect(await reloader.now()).toBe('applied')
  expect(outcomes).toEqual(['refused', 'applied'])
})

test('a file that is read at the start only is named in a warning', async () => {
  const { reloader } = reloading()
  write('salt', 'another salt')
  expect(await reloader.now()).toBe('applied')
  expect(lines).toMatchObject([{ level: 'warn', fields: { files: ['NOTES_SALT_FILE'] } }])
})

describe('without a signal', () => {
  test('a changed file is found', async () => {
    const { applied } = reloading(undefined, 1)
    write('secret', SECRET)
    await expect.poll(() => applied).toEqual([SECRET])
  })
})
