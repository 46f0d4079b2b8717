import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const FIXTURE = fileURLToPath(new URL('run-service.fixture.ts', import.meta.url))

/** Runs the service, and sends it a signal when it listens. */
async function run(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const child = spawn(process.execPath, [FIXTURE, ...args], { env: { ...process.env, ...env } })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += String(chunk)
    if (String(chunk).includes('is listening')) child.kill('SIGTERM')
  })
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
  })
  const [status, signal] = await once(child, 'close')
  return { status: signal ?? status, out, err }
}

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

test('--print-config prints the settings and starts nothing', async () => {
  const ended = await run({ SERVICE_STOP: 'cleanly' }, '--print-config')
  expect(ended.status).toBe(0)
  expect(JSON.parse(ended.out)).toEqual({ SERVICE_STOP: 'cleanly', SERVICE_START: 'works' })
})
