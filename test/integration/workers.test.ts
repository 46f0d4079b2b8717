/**
 * Several workers of one PDP (`PDP_WORKERS`) as processes on a real PostgreSQL: one address, one truth, a decision log each.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createPostgresDatabase, freePort, isFree, type Postgres, startPostgres } from '@mandate/stack'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts'
import { createCall, environment } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'
import { ROOT } from '../support/compose-file.ts'

const FLIGHT = { subject: 'B', action: 'execute', item: 'flight' } as const
const ORIGIN = 'test.invalid/log'

interface Line {
  readonly msg: string
  readonly pid: number
  readonly worker?: number
  readonly status?: number
}

/** `node pdp/src/main.ts`, with what it has logged. */
class Program {
  readonly child: ChildProcess
  readonly lines: Line[] = []
  said = ''
  readonly #up = Promise.withResolvers<void>()

  constructor(env: Readonly<Record<string, string>>) {
    const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
    this.child = spawn(process.execPath, ['pdp/src/main.ts'], {
      cwd: ROOT,
      env: { PATH, NODE_COMPILE_CACHE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    if (!this.child.stdout) throw new Error('no output')
    createInterface({ input: this.child.stdout }).on('line', (text) => {
      const line: Line = JSON.parse(text)
      this.lines.push(line)
      if (line.msg === 'listening' && line.worker === undefined) this.#up.resolve()
    })
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.said += chunk.toString()
    })
  }

  /** Process ids of a worker in the order of its starts, as far as it came to listen. */
  pids(worker: number): readonly number[] {
    return this.lines.filter((line) => line.worker === worker && line.msg === 'listening').map(({ pid }) => pid)
  }

  /** Process id of a worker that runs. */
  pid(worker: number): number {
    const pid = this.pids(worker).at(-1)
    // 0 would be this test's own process group.
    if (!pid) throw new Error(`worker ${worker} has not started`)
    return pid
  }

  /** Resolves when all workers listen. @throws what it said, when it ends before. */
  async up(): Promise<void> {
    await Promise.race([this.#up.promise, once(this.child, 'close')])
    expect(this.child.exitCode, this.said + JSON.stringify(this.lines)).toBeNull()
  }

  async ended(): Promise<unknown> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close')
    return this.child.exitCode ?? this.child.signalCode
  }
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

let dir: string
let postgres: Postgres
let issuer: TestIssuer
let env: Readonly<Record<string, string>>
let program: Program
let world: World
/** Address of all workers, and of each one. */
let shared: string
let own: readonly string[]
/** Where the world's calls go. */
let at: string

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-workers-'))
  postgres = await startPostgres()
  issuer = await startIssuer()
  const [port, first] = [await freePort(), await freeNeighbours()]
  shared = `http://127.0.0.1:${port}`
  own = [`http://127.0.0.1:${first}`, `http://127.0.0.1:${first + 1}`]
  at = shared
  env = {
    ...environment(inject('openFga'), issuer, join(dir, 'data')),
    PDP_LOG_ORIGIN: ORIGIN,
    PDP_PORT: String(port),
    PDP_WORKERS: '2',
    PDP_WORKER_PORT: String(first),
    PDP_STORE_URL: postgres.url,
    PDP_INDEX_URL: postgres.url,
    PDP_VAULT_KEY: 'ab'.repeat(32),
    LOG_LEVEL: 'info',
  }
  program = new Program(env)
  await program.up()
  const send = createCall(() => at, issuer)
  // A connection for each request: those of the shared address go to the workers in turn.
  const call: World['tpdp']['call'] = (method, path, options) =>
    send(method, path, { ...options, headers: { ...options?.headers, connection: 'close' } })
  world = new World({ call, now: Date.now, advance: () => undefined })
  await world.begin()
})
afterAll(async () => {
  program?.child.kill('SIGKILL')
  await program?.ended()
  await issuer?.stop()
  await postgres?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** A free port before another free one. */
async function freeNeighbours(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (await isFree(port + 1)) return port
  }
}

async function via<T>(url: string, task: () => Promise<T>): Promise<T> {
  at = url
  try {
    return await task()
  } finally {
    at = shared
  }
}

const reasonAt = (url: string) => via(url, async () => (await world.ask(FLIGHT)).body.context.reason)

test('both workers answer on one address, each with a log of its own that any of them finds', async () => {
  const origins = async () => {
    await world.ask(FLIGHT)
    const { body } = await world.tpdp.call('GET', '/v1/decisions?limit=1000', { as: AUDITOR })
    return [...new Set(body.entries.map(({ origin }: { readonly origin: string }) => origin))].toSorted()
  }
  await expect.poll(origins).toEqual([ORIGIN, `${ORIGIN}/w2`])
  for (const [place, log] of [join(dir, 'data'), join(dir, 'data', 'worker-2')].entries()) {
    const key = readFileSync(join(log, 'log.vkey'), 'utf8')
    expect(key.startsWith(`${ORIGIN}${place === 0 ? '' : '/w2'}+`)).toBe(true)
    const { text } = await via(own[place] ?? '', () => world.tpdp.call('GET', '/log/checkpoint', { as: AUDITOR }))
    expect(text.split('\n')[0]).toBe(`${ORIGIN}${place === 0 ? '' : '/w2'}`)
  }
})

test('a grant of one worker, and its end, are in force on the other for the next request', async () => {
  const [one = '', two = ''] = own
  for (const [here, there] of [
    [one, two],
    [two, one],
  ] as const) {
    expect((await via(here, () => world.grant({ from: 'A', to: 'B', actions: ['execute'], name: 'ab' }))).status).toBe(
      201,
    )
    expect(await reasonAt(there)).toBe('delegated')
    expect((await via(here, () => world.revoke('ab', 'A'))).status).toBe(200)
    expect(await reasonAt(there)).toBe('grant_revoked')
  }
})

test('/metrics of any worker adds up those of all', async () => {
  const sample = async (url: string, name: string) =>
    Number(new RegExp(`^${name} (\\d+)$`, 'mu').exec(await (await fetch(`${url}/metrics`)).text())?.[1])
  const decided = async (url: string) => {
    const text = await (await fetch(`${url}/metrics`)).text()
    const counts = [...text.matchAll(/^mandate_decisions_total\{[^}]*\} (?<count>\d+)$/gmu)]
    return counts.reduce((sum, { groups }) => sum + Number(groups?.['count']), 0)
  }
  const [one = '', two = ''] = own
  const before = await decided(one)
  for (const url of own) await reasonAt(url)
  expect(await decided(one)).toBe(before + 2)
  expect(await decided(two)).toBe(before + 2)
  expect(await sample(shared, 'mandate_workers')).toBe(2)
  // The worst state of all, not the sum.
  expect(await sample(shared, 'mandate_log_healthy')).toBe(1)
})

test('SIGHUP loads the policies in one worker', async () => {
  const loads = () => program.lines.filter(({ msg }) => msg === 'policies loaded')
  program.child.kill('SIGHUP')
  await expect.poll(() => loads().length).toBe(1)
  expect(loads()[0]?.worker).toBe(1)
})

test('a worker that is killed is started again, and the other one answers meanwhile', async () => {
  const [one = '', two = ''] = own
  const pid = program.pid(2)
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => isRunning(pid)).toBe(false)
  expect((await fetch(`${one}/readyz`)).status).toBe(200)
  await expect.poll(() => program.pids(2).length).toBe(2)
  expect((await fetch(`${two}/readyz`)).status).toBe(200)
  expect(await reasonAt(two)).toBe('grant_revoked')
  expect(program.pids(1)).toHaveLength(1)
})

test('a worker whose configuration cannot be used ends all with 78', async () => {
  // Of its own: it must not touch the index of the running workers.
  const index = await createPostgresDatabase(postgres.url, 'clash_index')
  const clash = new Program({
    ...env,
    PDP_PORT: '0',
    PDP_WORKER_PORT: '0',
    PDP_DATA_DIR: join(dir, 'clash'),
    PDP_INDEX_URL: index,
  })
  onTestFinished(() => void clash.child.kill('SIGKILL'))
  expect(await clash.ended()).toBe(78)
  expect(JSON.stringify(clash.lines)).toMatch(/PDP_LOG_ORIGIN.*a worker cannot run: stopping all/u)
})

test('more than one worker without PostgreSQL is 78, and says what is missing', async () => {
  const { PDP_STORE_URL: _store, PDP_INDEX_URL: _index, ...alone } = env
  const program = new Program(alone)
  onTestFinished(() => void program.child.kill('SIGKILL'))
  expect(await program.ended()).toBe(78)
  expect(program.said).toMatch(/PDP_WORKERS: .*PDP_STORE_URL: one process opens a SQLite database/u)
})

test('SIGTERM ends all in good order: exit 0, no process left, a checkpoint of each log', async () => {
  const pids = [1, 2].map((worker) => program.pid(worker))
  for (const url of own) await reasonAt(url)
  program.child.kill('SIGTERM')
  expect(await program.ended()).toBe(0)
  expect(pids.filter(isRunning)).toEqual([])
  const checkpoints = [join(dir, 'data'), join(dir, 'data', 'worker-2')].map((data) =>
    readFileSync(join(data, 'log', 'checkpoint'), 'utf8').split('\n', 1),
  )
  expect(checkpoints.flat()).toEqual([ORIGIN, `${ORIGIN}/w2`])
})
