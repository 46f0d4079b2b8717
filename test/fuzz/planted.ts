/**
 * Targets with planted faults: the fuzzer must find each, or its silence about the others is worth nothing.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { httpTarget } from './http-target.ts'
import type { Target } from './target.ts'

/** A service that answers 500 to a broken escape, never ends where a body has a member too many, and keeps what it was sent. */
const SERVICE = `
const kept = []
require('node:http').createServer((req, res) => {
  let body = ''
  req.on('data', (chunk) => { body += chunk })
  req.on('end', () => {
    kept.push(Buffer.alloc(200_000, 1))
    try { decodeURIComponent(req.url) } catch { return res.writeHead(500).end() }
    if (body.includes('__proto__')) return
    res.end('ok')
  })
}).listen(0, '127.0.0.1', function () { process.stdout.write(String(this.address().port) + '\\n') })
`

/** Starts it. @returns The target, and how to end it. */
export async function startPlanted(): Promise<{ readonly targets: readonly Target[]; stop(): void }> {
  const child = spawn(process.execPath, ['--eval', SERVICE], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [chunk]: readonly unknown[] = await once(child.stdout, 'data')
  const url = `http://127.0.0.1:${String(chunk).trim()}`
  const routes = [
    { method: 'GET', path: '/things/:id' },
    { method: 'POST', path: '/things', body: { name: 'a thing' } },
  ]
  const served = httpTarget({
    name: 'planted service',
    weight: 9,
    url,
    routes,
    tokens: [],
    words: ['a'],
    giveUpMs: 1_500,
    pid: () => child.pid ?? 0,
  })
  const reader: Target = {
    name: 'planted reader',
    weight: 1,
    draw: (random) => ({ text: String(random.integer(10)) }),
    send: async ({ text }) => (text === '7' ? { answer: 'error', fault: 'TypeError: 7' } : { answer: 'read' }),
  }
  return { targets: [served, reader], stop: () => void child.kill() }
}
