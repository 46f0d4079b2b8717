import { createServer, type RequestListener } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { makeCertificate } from './certificate.fixture.ts'
import { testListener } from './listener.harness.ts'
import { type DrainableListener, type Listener, type ListenerBounds, serve, type Tls } from './listener.ts'
import { RawClient } from './raw-client.harness.ts'

const MAX_BODY_BYTES = 1_024

/** Reads the body, and answers 200 with its length. */
const echo: RequestListener = async (req, res) => {
  let bytes = 0
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) bytes += chunk.length
  } catch {
    return // The client is gone.
  }
  res.writeHead(bytes > MAX_BODY_BYTES ? 413 : 200).end(String(bytes))
}

const listening = async (
  options: ListenerBounds & { readonly tls?: Tls } = {},
  app = echo,
): Promise<DrainableListener> => {
  const listener = await serve(app, { host: '127.0.0.1', port: 0, ...options })
  onTestFinished(listener.close)
  return listener
}

testListener({
  name: 'the listener itself',
  start: async (bounds) => ({
    ...(await listening(bounds)),
    maxBodyBytes: MAX_BODY_BYTES,
    hold: async () => ({
      head: 'POST / HTTP/1.1\r\nContent-Length: 4\r\n',
      sent: 'ab',
      finish: (client) => client.write('cd'),
    }),
  }),
})

describe('a client that stops reading', () => {
  const LARGE = 'x'.repeat(32 * 1024 * 1024)

  test('is cut off', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<boolean>()
    const { url } = await listening({ stalledReaderMs: 100 }, (_req, res) => {
      res.once('close', () => resolve(res.writableFinished))
      res.end(LARGE)
    })
    const client = await RawClient.open(url)
    onTestFinished(() => client.destroy())
    client.pause()
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await closed).toBe(false)
  })

  test('is not one whose response has not begun', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const { url } = await listening({ stalledReaderMs: 50, keepAliveMs: 50 }, async (req, res) => {
      if (req.url === '/slow') await released
      res.end('ok')
    })
    const [slow, idle] = [await RawClient.open(url), await RawClient.open(url)]
    slow.write('GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await idle.ask()
    // The same time-out has ended an idle connection meanwhile.
    await idle.closed
    release()
    expect(await slow.closed).toMatch(/ok$/u)
  })
})

test('while it drains, new connections are served, and each is closed after its response', async () => {
  const listener = await serve(echo, { host: '127.0.0.1', port: 0 })
  onTestFinished(listener.close)
  const open = await RawClient.open(listener.url)
  await open.ask()
  listener.drain()
  listener.drain()
  await open.ask()
  const later = await RawClient.open(listener.url)
  await later.ask()
  for (const client of [open, later]) expect(await client.closed).toMatch(/connection: close/iu)
})

test('rejects when the port is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as AddressInfo
  await expect(serve(echo, { host: '127.0.0.1', port })).rejects.toThrow('EADDRINUSE')
})

test('gives the address as a URL, IPv6 in brackets', async () => {
  expect((await listening()).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/u)
  const listener = await serve(echo, { host: '::1', port: 0 })
  onTestFinished(listener.close)
  expect(listener.url).toMatch(/^http:\/\/\[::1\]:\d+$/u)
})

describe('with a certificate', () => {
  let ours: Tls
  let other: Tls
  beforeAll(() => {
    ours = makeCertificate()
    other = makeCertificate()
  })
  const portOf = ({ url }: Listener): number => Number(new URL(url).port)
  /** The status, or the code of the error. */
  const ask = (url: string, client: Partial<Tls> & { readonly ca?: string } = {}): Promise<unknown> =>
    new Promise((resolve) => {
      request(url, { method: 'POST', ca: ours.cert, ...client }, (res) => resolve(res.resume().statusCode))
        .on('error', (error) => resolve('code' in error ? error.code : error))
        .end('x')
    })

  test('it speaks TLS, and says so in its address', async () => {
    const { url } = await listening({ tls: ours })
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/u)
    expect(await ask(url)).toBe(200)
  })

  test('and an authority of clients, only a certificate of that authority is let in', async () => {
    const { url } = await listening({ tls: { ...ours, clientCa: ours.cert } })
    expect(await ask(url, ours)).toBe(200)
    expect(await ask(url)).not.toBe(200)
    expect(await ask(url, { cert: other.cert, key: other.key })).not.toBe(200)
  })

  test.for([
    ['TLSv1.3', true],
    ['TLSv1.2', true],
    ['TLSv1.1', false],
  ] as const)('%s: %s', async ([version, isAccepted]) => {
    const listener = await listening({ tls: ours })
    const agreed = await new Promise((resolve) => {
      const versions = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' } as const
      const socket = connectTls({ port: portOf(listener), host: '127.0.0.1', ca: ours.cert, ...versions }, () => {
        resolve(socket.getProtocol())
        socket.destroy()
      }).on('error', () => resolve(undefined))
    })
    expect(agreed).toBe(isAccepted ? version : undefined)
  })

  test('another certificate is shown to new connections, while a request on an open one is answered', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const { promise: asked, resolve: arrived } = Promise.withResolvers<void>()
    const { url, replaceTls } = await listening({ tls: ours }, async (req, res) => {
      if (req.url === '/slow') arrived()
      if (req.url === '/slow') await released
      res.end()
    })
    const slow = ask(`${url}/slow`)
    await asked
    replaceTls(other)
    expect(await ask(url)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(await ask(url, { ca: other.cert })).toBe(200)
    release()
    expect(await slow).toBe(200)
  })

  test('another authority of clients lets in its own, and no longer those of the former', async () => {
    const { url, replaceTls } = await listening({ tls: { ...ours, clientCa: ours.cert } })
    replaceTls({ ...ours, clientCa: other.cert })
    expect(await ask(url, { cert: other.cert, key: other.key })).toBe(200)
    expect(await ask(url, ours)).not.toBe(200)
  })

  test('a certificate with the key of another changes nothing', async () => {
    const { url, replaceTls } = await listening({ tls: ours })
    expect(() => replaceTls({ cert: other.cert, key: ours.key })).toThrow()
    expect(await ask(url)).toBe(200)
  })

  test('plain HTTP gets no answer', async () => {
    const { url } = await listening({ tls: ours })
    const client = await RawClient.open(url)
    client.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await client.closed).toBe('')
  })

  test('a client that begins no handshake is cut off', async () => {
    // Node would wait two minutes.
    const { url } = await listening({ tls: ours, headersWithinMs: 100 })
    expect(await (await RawClient.open(url)).closed).toBe('')
  })
})
