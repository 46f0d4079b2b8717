import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Fault, PROBLEMS } from '@mandate/protocol'
import express, { type ErrorRequestHandler } from 'express'
import { afterEach, expect, test } from 'vitest'
import { createLimits, DEFAULT_LIMITS } from './limits.ts'

let server: Server
afterEach(() => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
})

/** As behind a proxy that says where a request came from. */
async function limited(): Promise<(address: string) => Promise<number>> {
  const app = express().set('trust proxy', true)
  const fault: ErrorRequestHandler = (error, _req, res, _next) =>
    void res.status(error instanceof Fault ? PROBLEMS[error.code].status : 500).end()
  app.use(createLimits({ ...DEFAULT_LIMITS, addressPerSecond: 1 }).byAddress)
  app.get('/', (_req, res) => void res.end())
  app.use(fault)
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return async (address) => (await fetch(url, { headers: { 'x-forwarded-for': address } })).status
}

test('all addresses of an IPv6 /64 count as one, and no others with it', async () => {
  const ask = await limited()
  const siteOf = (count: number) => `2001:db8:1:2::${count.toString(16)}`
  const statuses = await Promise.all(Array.from({ length: 20 }, (_, count) => ask(siteOf(count))))
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0)
  expect(await ask('2001:db8:1:3::1')).toBe(200)
  expect(await ask('203.0.113.7')).toBe(200)
  expect(await ask('203.0.113.8')).toBe(200)
})
