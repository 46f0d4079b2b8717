import { request } from 'node:https'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import express from 'express'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { makeCertificate } from './certificate.fixture.ts'
import { type Listener, type ListenerOptions, serve, type Tls, tlsObjection } from './listener.ts'

let ours: Tls
let other: Tls

beforeAll(() => {
  ours = makeCertificate()
  other = makeCertificate()
})

async function listening(options: Omit<ListenerOptions, 'host' | 'port'> = {}): Promise<Listener> {
  const app = express()
  app.post('/', express.text({ type: () => true }), (_req, res) => void res.send('ok'))
  const listener = await serve(app, { host: '127.0.0.1', port: 0, ...options })
  onTestFinished(listener.close)
  return listener
}

const portOf = ({ url }: Listener): number => Number(new URL(url).port)

/** Sends `text` over a bare connection, and waits until the far side ends it. */
function untilCut(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

test('with a certificate it speaks TLS, and says so in its address', async () => {
  const { url } = await listening({ tls: ours })
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/u)
  const status = await new Promise((resolve, reject) => {
    request(url, { method: 'POST', ca: ours.cert }, (res) => resolve(res.resume().statusCode))
      .on('error', reject)
      .end('x')
  })
  expect(status).toBe(200)
})

test.for([
  ['TLSv1.3', true],
  ['TLSv1.2', true],
  ['TLSv1.1', false],
] as const)('%s: %s', async ([version, welcome]) => {
  const listener = await listening({ tls: ours })
  const agreed = await new Promise((resolve) => {
    const versions = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const socket = connectTls({ port: portOf(listener), host: '127.0.0.1', ca: ours.cert, ...versions }, () => {
      resolve(socket.getProtocol())
      socket.destroy()
    }).on('error', () => resolve(undefined))
  })
  expect(agreed).toBe(welcome ? version : undefined)
})

test('plain HTTP gets no answer from a TLS listener', async () => {
  const listener = await listening({ tls: ours })
  expect(await untilCut(portOf(listener), 'POST / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('')
})

test.for([
  ['nothing', ''],
  ['headers that never end', 'POST / HTTP/1.1\r\nHost: x\r\nX-Slow: 1'],
  ['a body that never ends', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
] as const)('a client that sends %s is cut off', async ([, text]) => {
  const listener = await listening({ headersWithinMs: 100, requestWithinMs: 200 })
  const answer = await untilCut(portOf(listener), text)
  expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 408 Request Timeout')
})

test('a client that begins no TLS handshake is cut off', async () => {
  const listener = await listening({ tls: ours, headersWithinMs: 100 })
  // Node would wait two minutes.
  expect(await untilCut(portOf(listener), '')).toBe('')
})

test.for<readonly [string, () => Parameters<typeof tlsObjection>[0], RegExp | undefined]>([
  ['neither', () => ({ cert: undefined, key: undefined }), undefined],
  ['a pair', () => ours, undefined],
  ['a certificate alone', () => ({ cert: ours.cert, key: undefined }), /together/u],
  ['the key of another certificate', () => ({ cert: ours.cert, key: other.key }), /do not belong together/u],
  ['something that is not PEM', () => ({ cert: 'x', key: 'y' }), /not PEM/u],
])('%s', ([, pair, objection]) => {
  const found = tlsObjection(pair())
  if (objection) expect(found).toMatch(objection)
  else expect(found).toBeUndefined()
})
