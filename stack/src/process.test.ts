import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from './net.ts'
import { type ProcessSpec, startProcess } from './process.ts'
import { temporaryFolder } from './temporary.fixture.ts'

const SERVE = `
  const server = require('node:http').createServer((req, res) => res.end('ok'))
  server.listen(Number(process.env.PORT), '127.0.0.1')
`

async function specOf(script: string): Promise<ProcessSpec> {
  const folder = temporaryFolder()
  const port = await freePort()
  writeFileSync(join(folder, 'server.cjs'), script)
  return {
    name: 'the server',
    command: process.execPath,
    args: [join(folder, 'server.cjs')],
    env: { PORT: String(port) },
    ready: `http://127.0.0.1:${port}/`,
    readyTimeoutMs: 20_000,
    logFile: join(folder, 'server.log'),
  }
}

test('it is ready when it answers, stops when asked, and stopping twice is fine', async () => {
  const spec = await specOf(SERVE)
  const running = await startProcess(spec)
  expect((await fetch(String(spec.ready))).ok).toBe(true)
  await running.stop()
  expect(await running.exited).toBe('SIGTERM')
  await running.stop()
})

test('one that ignores SIGTERM is killed after its grace', async () => {
  const running = await startProcess(await specOf(`process.on('SIGTERM', () => undefined);${SERVE}`))
  await running.stop(50)
  expect(await running.exited).toBe('SIGKILL')
})

test('one that dies early is an error with the end of its log, at once', async () => {
  const spec = await specOf("console.error('the disk is on fire'); process.exit(3)")
  await expect(startProcess(spec)).rejects.toThrow(
    /the server did not start: it ended with exit 3[\s\S]*disk is on fire/,
  )
})

test('one that never answers is killed, and the error says so', async () => {
  const spec = await specOf('setInterval(() => undefined, 1000)')
  await expect(startProcess({ ...spec, readyTimeoutMs: 300 })).rejects.toThrow(/not ready in time/)
})

test('those of a process that is killed end as well', async () => {
  const spec = await specOf(SERVE)
  const starter = join(temporaryFolder(), 'starter.ts')
  const module = new URL('process.ts', import.meta.url).href
  writeFileSync(
    starter,
    `import { startProcess } from ${JSON.stringify(module)}
     await startProcess(${JSON.stringify(spec)})
     console.log('started')
     setInterval(() => undefined, 1_000)`,
  )
  const parent = spawn(process.execPath, [starter], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(parent.stdout, 'data')
  expect((await fetch(String(spec.ready))).ok).toBe(true)
  parent.kill('SIGKILL')
  await expect.poll(() => fetch(String(spec.ready)).catch(() => 'gone'), { timeout: 20_000 }).toBe('gone')
})

test('a program that does not exist is an error, not a crash', async () => {
  const spec = await specOf('')
  await expect(startProcess({ ...spec, command: '/nowhere/at-all' })).rejects.toThrow(/cannot run/)
})

test('giving up ends the wait with the reason', async () => {
  const spec = await specOf('setInterval(() => undefined, 1000)')
  const reason = new Error('enough')
  await expect(startProcess({ ...spec, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})
