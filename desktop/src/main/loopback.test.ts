import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type Loopback, listenOnLoopback } from './loopback.ts'

async function listening(): Promise<Loopback> {
  const loopback = await listenOnLoopback('the-state')
  onTestFinished(loopback.close)
  return loopback
}

/** Like fetch, but with a `Host` of one's choice. */
function get(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (res) => resolve(res.resume().statusCode))
      .on('error', reject)
      .end()
  })
}

test('the redirect is exactly the registered path on 127.0.0.1', async () => {
  expect((await listening()).redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/u)
})

test('the right answer is taken once, and the page behind it loads and runs nothing', async () => {
  const { redirectUri, answered } = await listening()
  const response = await fetch(`${redirectUri}?code=c&state=the-state`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/u)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.text()).toContain('You are signed in')
  expect((await answered).searchParams.get('code')).toBe('c')
})

test('a refusal of the identity provider has a page of its own', async () => {
  const { redirectUri } = await listening()
  const response = await fetch(`${redirectUri}?error=access_denied&state=the-state`)
  expect(await response.text()).toContain('You are not signed in')
})

test.for([
  ['another state', '?code=c&state=other'],
  ['no state', '?code=c'],
  ['two states', '?state=the-state&state=other'],
  ['another path', '/../callback2?state=the-state'],
  ['a path below', '/x?state=the-state'],
])('404 for %s', async ([, suffix]) => {
  const { redirectUri } = await listening()
  expect((await fetch(redirectUri + suffix)).status).toBe(404)
})

test('404 for a name that was rebound to loopback', async () => {
  const { redirectUri } = await listening()
  const url = `${redirectUri}?code=c&state=the-state`
  expect(await get(url, 'evil.example')).toBe(404)
  expect(await get(url, new URL(redirectUri).host)).toBe(200)
})

/** Resolves when the other side has had enough. */
function sending(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('error', () => undefined)
    socket.resume().on('close', () => resolve())
  })
}

test('a process that fills all places, and one that sends garbage, keep the browser out in vain', async () => {
  const { redirectUri, answered } = await listening()
  const port = Number(new URL(redirectUri).port)
  const silent = Array.from({ length: 200 }, () => sending(port, ''))
  const garbage = Array.from({ length: 20 }, () => sending(port, '\u0000\u0001 garbage\r\n\r\n'))
  await Promise.all(garbage)
  await Promise.all(silent.slice(0, 100))
  expect((await fetch(`${redirectUri}?code=stolen&state=guessed`)).status).toBe(404)
  expect((await fetch(`${redirectUri}?code=c&state=the-state`)).status).toBe(200)
  expect((await answered).searchParams.get('code')).toBe('c')
})

test('headers without end are cut off', async () => {
  const { redirectUri } = await listening()
  await sending(Number(new URL(redirectUri).port), `GET /callback HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(50_000)}`)
  expect((await fetch(`${redirectUri}?code=c&state=the-state`)).status).toBe(200)
})
