/**
 * `npm run bench -- transport`: ways to carry small questions to a PDP, beside each other: connections that answer one question at a time, pipelining,
 * HTTP/2. The server answers at once, so what differs is the transport alone.
 *
 * @module
 */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { availableParallelism, loadavg } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { type Dispatcher, H2CClient, Pool } from 'undici'

const CALLERS = [1, 32]
const ROUNDS = 5
const ROUND_MS = 1_000
const QUESTION = JSON.stringify({
  subject: { type: 'user', id: 'carlo', properties: { persona: 'traveler/family' } },
  action: { name: 'execute' },
  resource: { type: 'workflow_item', id: 'flight-1', properties: { risk: 2 } },
})
const ANSWER = JSON.stringify({
  decision: true,
  context: { reason: 'delegated', reasons: [], filler: 'x'.repeat(500) },
})

interface Ports {
  readonly http1: number
  readonly http2: number
}

if (!isMainThread) await serveInWorker()

async function serveInWorker(): Promise<void> {
  const answer: RequestListener = async (req, res) => {
    await text(req)
    res.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)
  }
  const servers = [createServer(answer), createHttp2Server(answer as never)]
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    ports.push((server.address() as AddressInfo).port)
  }
  parentPort?.postMessage({ http1: ports[0], http2: ports[1] })
}

/** @returns lines for people. */
export async function benchTransport(): Promise<readonly string[]> {
  const worker = new Worker(fileURLToPath(import.meta.url))
  try {
    const { http1, http2 } = await new Promise<Ports>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    const load = `machine load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`
    const lines = ['', `Transports to a PDP that answers at once, medians of ${ROUNDS} rounds; ${load}`]
    for (const callers of CALLERS) {
      const ways = waysTo(`http://127.0.0.1:${http1}`, `http://127.0.0.1:${http2}`)
      lines.push(...(await table(ways, callers)))
      await Promise.all(ways.map(({ dispatcher }) => dispatcher.close()))
    }
    return lines
  } finally {
    await worker.terminate()
  }
}

interface Way {
  readonly name: string
  readonly dispatcher: Dispatcher
  readonly idempotent: boolean
}

function waysTo(http1: string, http2: string): readonly Way[] {
  return [
    {
      name: '64 connections, one question each at a time',
      dispatcher: new Pool(http1, { connections: 64 }),
      idempotent: false,
    },
    {
      name: '4 connections, 8 questions pipelined',
      dispatcher: new Pool(http1, { connections: 4, pipelining: 8 }),
      idempotent: true,
    },
    {
      name: 'HTTP/2 in the clear, one connection',
      dispatcher: new H2CClient(http2, { pipelining: 100 }),
      idempotent: true,
    },
  ]
}

async function table(ways: readonly Way[], callers: number): Promise<readonly string[]> {
  const figures = new Map<Way, Figure[]>(ways.map((way) => [way, []]))
  for (const way of ways) await round(way, callers)
  for (let at = 0; at < ROUNDS; at += 1) for (const way of ways) figures.get(way)?.push(await round(way, callers))
  return [
    `  ${callers} at once`.padEnd(54) + ['rps', 'p50 ms', 'p99 ms', 'CPU µs'].map((head) => head.padStart(9)).join(''),
    ...ways.map((way) => {
      const rounds = figures.get(way) ?? []
      const median = (figure: keyof Figure): string =>
        (rounds.map((one) => one[figure]).sort((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? 0)
          .toFixed(figure === 'rps' || figure === 'cpu' ? 0 : 2)
          .padStart(9)
      return `    ${way.name.padEnd(50)}${median('rps')}${median('p50')}${median('p99')}${median('cpu')}`
    }),
  ]
}

interface Figure {
  readonly rps: number
  readonly p50: number
  readonly p99: number
  /** Client and server together, in microseconds a question. */
  readonly cpu: number
}

async function round({ dispatcher, idempotent }: Way, callers: number): Promise<Figure> {
  const took: number[] = []
  const cpu = process.cpuUsage()
  const start = performance.now()
  const caller = async (): Promise<void> => {
    while (performance.now() < start + ROUND_MS) {
      const begin = performance.now()
      const headers = { 'content-type': 'application/json', authorization: 'Bearer key' }
      const { body } = await dispatcher.request({
        method: 'POST',
        path: '/',
        headers,
        body: QUESTION,
        idempotent,
      } as never)
      if ((await body.text()).length !== ANSWER.length) throw new Error('bench transport: half an answer')
      took.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  took.sort((a, b) => a - b)
  const at = (share: number): number => took[Math.floor(took.length * share)] ?? 0
  return { rps: (took.length / ms) * 1_000, p50: at(0.5), p99: at(0.99), cpu: (user + system) / took.length }
}
