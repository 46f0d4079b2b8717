/**
 * `npm run bench -- hot`: CPU time of the PDP's process for each request of the asking path, beside a bare `node:http` and a bare Express
 * server in the same run. The PDP decides from memory, and OpenFGA and the client are other processes, so only the PDP's own work is counted.
 * The share of the main thread is given too: it bounds the decisions per second of one process. The rest is the index thread, file system calls,
 * compilation and garbage collection.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Pool } from 'undici'
import { TRIPS } from '../../fixtures/pdp.ts'
import { readOptions } from '../../support/cli-options.ts'
import { send } from '../client.ts'
import { type Asked, furnish, questions } from '../story.ts'
import { environmentOf, openSurroundings } from './environment.ts'

/** CPU time in microseconds. */
export interface CpuTime {
  /** All threads of the process. */
  readonly all: number
  readonly mainThread: number
}

/** Connections at once: for single decisions, and for batches. */
const CONNECTIONS = { one: 32, batch: 4 }
/** Rounds before those that count: V8 compiles for some 10,000 requests, on threads of its own too. */
const WARM_UP_ROUNDS = 3
const CASES = ['owner', 'chain of 3', 'agent, gates', 'denial', 'batch of 50']
const SIZE = { resources: 0, visible: 100, held: 0 }

interface Measured {
  readonly name: string
  readonly system: string
  /** CPU time of the server for one request. */
  readonly cpuUs: CpuTime
}

interface Server {
  readonly url: string
  cpuUs(): Promise<CpuTime>
  stop(): Promise<void>
}

/**
 * Runs the benchmark.
 *
 * @param profile - Folder for a CPU profile of the PDP's process.
 * @param only - Name of the only case.
 */
async function measureHotPath(
  rounds: number,
  requests: number,
  profile?: string,
  only?: string,
): Promise<readonly Measured[]> {
  await using closing = new AsyncDisposableStack()
  const { dir, issuer, openFga } = await openSurroundings(closing)
  const pdp = await startServer('pdp', environmentOf(issuer, openFga, dir), profile)
  closing.defer(pdp.stop)
  const world = await furnish({ pdpUrl: pdp.url, issuer })
  const token = await issuer.token({ ...TRIPS, lifetime: 600 })
  const asked = questions(world, SIZE).filter(({ name }) => (only ? name === only : CASES.includes(name)))
  const cases: Case[] = []
  for (const system of ['http', 'express']) {
    const bare = await startServer(system, {})
    closing.defer(bare.stop)
    cases.push(...asked.slice(0, 1).map((one) => caseOf(system, bare, { ...one, isRight: () => true }, token)))
  }
  cases.push(...asked.map((one) => caseOf('mandate', pdp, one, token)))
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) for (const { run } of cases) await run(requests)
  for (let round = 0; round < rounds; round += 1)
    for (const { results, run } of cases) results.push(await run(requests))
  return cases.map(({ name, system, results }) => ({
    name,
    system,
    cpuUs: { all: median(results.map(({ all }) => all)), mainThread: median(results.map((one) => one.mainThread)) },
  }))
}

interface Case {
  readonly name: string
  readonly system: string
  readonly results: CpuTime[]
  readonly run: (requests: number) => Promise<CpuTime>
}

function caseOf(system: string, server: Server, asked: Asked, token: string): Case {
  const isBatch = asked.name.startsWith('batch')
  const connections = isBatch ? CONNECTIONS.batch : CONNECTIONS.one
  const count = (requests: number): number => (isBatch ? Math.ceil(requests / 20) : requests)
  const run = async (requests: number): Promise<CpuTime> => {
    const pool = new Pool(server.url, { connections, pipelining: 1 })
    const before = await server.cpuUs()
    let left = count(requests)
    const caller = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        const answer = await send(pool, asked.path, token, asked.body)
        if (!asked.isRight(answer)) throw new Error(`bench: wrong answer to ${asked.name}: ${JSON.stringify(answer)}`)
      }
    }
    await Promise.all(Array.from({ length: connections }, caller))
    const after = await server.cpuUs()
    await pool.close()
    const each = (member: keyof CpuTime): number => (after[member] - before[member]) / count(requests)
    return { all: each('all'), mainThread: each('mainThread') }
  }
  return { name: asked.name, system, results: [], run }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

async function startServer(what: string, env: Readonly<Record<string, string>>, profile?: string): Promise<Server> {
  const execArgv = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`, '--cpu-prof-interval=200'] : []
  const child = fork(join(import.meta.dirname, 'server.ts'), [what], { env: { ...process.env, ...env }, execArgv })
  const { url } = (await messageOf(child)) as { readonly url: string }
  return {
    url,
    cpuUs: async () => {
      child.send('usage')
      return (await messageOf(child)) as CpuTime
    },
    stop: async () => {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

async function messageOf(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController()
  const { signal } = settled
  const ended = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('bench: the server ended')))
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended])
    return message
  } finally {
    ended.catch(() => undefined)
    settled.abort()
  }
}

/** Prints the median of each case. */
export async function benchHot(args: readonly string[]): Promise<void> {
  const {
    rounds,
    requests,
    profile,
    case: only,
  } = readOptions(args, { rounds: 5, requests: 3_000, profile: '', case: '' })
  const print = (...cells: readonly string[]): void => {
    const [system = '', name = '', ...times] = cells
    process.stdout.write(`${system.padEnd(8)} ${name.padEnd(16)}${times.map((time) => time.padStart(14)).join('')}\n`)
  }
  print('system', 'case', 'process', 'main thread')
  for (const { name, system, cpuUs } of await measureHotPath(rounds, requests, profile, only))
    print(system, name, `${cpuUs.all.toFixed(0)} µs`, `${cpuUs.mainThread.toFixed(0)} µs`)
}
