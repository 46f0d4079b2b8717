import type { Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { listen, stopServer } from './listener.ts'

const CONFIG = {
  PDP_HOST: '127.0.0.1',
  PDP_PORT: 0,
  PDP_TLS_CERT_FILE: undefined,
  PDP_TLS_KEY_FILE: undefined,
  PDP_TLS_CLIENT_CA_FILE: undefined,
}
let server: Server
afterEach(() => stopServer(server))

/** Sends `text`, and waits until the far side ends the connection. Node's own look for slow clients comes every 30 seconds. */
function untilCut(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('close', () => resolve(answer)).on('error', reject)
  })
}

test.for([
  ['headers that never end', 'POST / HTTP/1.1\r\nHost: x\r\nX-Slow: 1'],
  ['a body that never ends', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
] as const)('a client that sends %s is cut off', async ([, text]) => {
  server = await listen(CONFIG, (req) => void req.resume(), { headersWithinMs: 100, requestWithinMs: 200 })
  expect((await untilCut(text)).split('\r\n')[0]).toBe('HTTP/1.1 408 Request Timeout')
})
