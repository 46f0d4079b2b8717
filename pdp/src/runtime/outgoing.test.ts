import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createOutgoing, isPrivate } from './outgoing.ts'

describe('an address is private', () => {
  test.for([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
  ])('%s', (address) => {
    expect(isPrivate(address)).toBe(true)
  })
  test.for(['93.184.216.34', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('but not %s', (address) => {
    expect(isPrivate(address)).toBe(false)
  })
})

describe('a call', () => {
  let server: Server
  let port = 0
  beforeAll(async () => {
    server = createServer((req, res) => {
      if (req.url === '/redirect') res.writeHead(302, { location: '/there' }).end()
      else if (req.url === '/large') res.end('x'.repeat(100_000))
      else if (req.url !== '/never') res.setHeader('content-type', 'text/plain; charset=utf-8').end('there')
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test.for(['127.0.0.1', 'localhost', '127.1', '2130706433', '[::ffff:127.0.0.1]'])(
    'to %s is refused unless it is listed',
    async (host) => {
      const outgoing = createOutgoing([])
      await expect(outgoing.post(`http://${host}:${port}/`, '', 2_000)).rejects.toThrow(/is private and not listed/u)
      await outgoing.close()
    },
  )

  test('to a listed host arrives, follows no redirect, takes no long answer, and ends in time', async () => {
    const base = `http://127.0.0.1:${port}`
    const outgoing = createOutgoing([`127.0.0.1:${port}`])
    expect(await outgoing.post(`${base}/there`, 'x', 2_000)).toEqual({ status: 200, type: 'text/plain', body: 'there' })
    expect((await outgoing.post(`${base}/redirect`, 'x', 2_000)).status).toBe(302)
    await expect(outgoing.post(`${base}/large`, 'x', 2_000)).rejects.toThrow(/too much/u)
    await expect(outgoing.post(`${base}/never`, 'x', 50)).rejects.toThrow(/timeout/iu)
    await outgoing.close()
  })
})
