import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const FIXTURE = fileURLToPath(new URL('run-service.fixture.ts', import.meta.url))

/** Runs the service, and sends it a signal when it listens. @param atStart - Called with the process when it listens, instead. */
async function run(env: Readonly<Record<string, string>>, args: readonly string[] = [], atStart?: AtStart) {
  const child = spawn(process.execPath, [FIXTURE, ...args], { env: { ...process.env, ...env } })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
    if (String(chunk).includes('is listening')) (atStart ?? stop)(child)
    if (String(chunk).includes('taken again')) stop(child)
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  const [status, signal] = await once(child, 'close')
  return { status: signal ?? status, out, err }
}

type AtStart = (child: ChildProcess) => void
const stop: AtStart = (child) => void child.kill('SIGTERM')

test.for([
  ['cleanly', 0, 'stopping'],
  ['twice', 0, 'stopping'],
  ['badly', 70, 'not stopped cleanly'],
  ['never', 70, 'not stopped in time'],
] as const)('a service that stops %s ends with %d after a signal', async ([SERVICE_STOP, status, message]) => {
  const ended = await run({ SERVICE_STOP })
  expect(ended).toMatchObject({ status, out: expect.stringContaining(`"message":"${message}"`) })
})

test('a configuration that cannot be used is 78, with what is wrong on standard error', async () => {
  const ended = await run({ SERVICE_STOP: 'later' })
  expect(ended).toMatchObject({ status: 78, err: expect.stringMatching(/^a service: [\s\S]*SERVICE_STOP/u) })
})

test('a start that fails is 1, with the error, though something is still open', async () => {
  const ended = await run({ SERVICE_STOP: 'cleanly', SERVICE_START: 'fails' })
  expect(ended).toMatchObject({ status: 1, err: expect.stringContaining('TypeError: no such database') })
})

test('SIGHUP has it take a changed file again, and does not end it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'service-hangup-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const SERVICE_SECRET_FILE = join(folder, 'secret')
  writeFileSync(SERVICE_SECRET_FILE, 'one')
  const ended = await run({ SERVICE_STOP: 'cleanly', SERVICE_SECRET_FILE }, [], (child) => {
    writeFileSync(SERVICE_SECRET_FILE, 'four')
    child.kill('SIGHUP')
  })
  expect(ended).toMatchObject({ status: 0, out: expect.stringContaining('{"length":4,"message":"taken again"}') })
})

test('--print-config prints the settings and starts nothing', async () => {
  const ended = await run({ SERVICE_STOP: 'cleanly' }, ['--print-config'])
  expect(ended.status).toBe(0)
  expect(JSON.parse(ended.out)).toEqual({ SERVICE_STOP: 'cleanly', SERVICE_START: 'works' })
})
