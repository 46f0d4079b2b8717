import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Core, Host } from '../main/host.ts'
import { type BrowserHost, startBrowserHost } from './host.ts'

const SIGNED_OUT = { state: 'signed_out' } as const

let folder: string
let host: BrowserHost
/** What the core was given. */
let given: Host
let say: Parameters<Core['listen']>[0]
let isClosed: boolean

/** A core that signs in by opening a page, and exports by writing a file. */
function coreOf(its: Host): Core {
  given = its
  isClosed = false
  return {
    call: async (name) => {
      if (name === 'session.signIn') await its.openExternal(new URL('https://id.example/auth?state=1'))
      if (name !== 'account.export') return { ok: true, value: SIGNED_OUT }
      const file = await its.chooseFile('../my data.json')
      if (file !== undefined) writeFileSync(file, '{"mine":true}')
      return { ok: true, value: { saved: true, name: 'my-data.json' } }
    },
    listen: (listener) => {
      say = listener
      return () => undefined
    },
    openLink: () => undefined,
    close: async () => {
      isClosed = true
    },
  }
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mandate-browser-host-'))
  const pageDir = join(folder, 'page')
  mkdirSync(join(pageDir, 'assets'), { recursive: true })
  writeFileSync(join(pageDir, 'index.html'), '<!doctype html><title>Mandate</title>')
  writeFileSync(join(pageDir, 'assets/app.js'), 'export {}')
  writeFileSync(join(pageDir, 'built-from'), 'secret of the build')
  writeFileSync(join(folder, 'outside.js'), 'outside')
  const mayOpen = (url: URL): boolean => url.origin === 'https://id.example'
  host = await startBrowserHost({ pageDir, dataDir: join(folder, 'data'), createCore: coreOf, mayOpen })
})
afterEach(async () => {
  await host.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** As the wire has it: `fetch` would set `Host` and resolve the path by itself. */
function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  const { port } = new URL(host.origin)
  const { promise, resolve, reject } = Promise.withResolvers<Answered>()
  const { method = 'GET', headers = {}, body } = options
  const req = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
    let text = ''
    res.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }))
  })
  req.on('error', reject).end(body)
  return promise
}

async function redeemLink(): Promise<string> {
  const { headers } = await ask(new URL(host.link()).pathname)
  return String(headers['set-cookie']).split(';')[0] ?? ''
}

const callWith = (cookie: string, message: unknown, headers: Record<string, string> = {}) =>
  ask('/call', {
    method: 'POST',
    headers: { cookie, origin: host.origin, 'content-type': 'application/json', ...headers },
    body: typeof message === 'string' ? message : JSON.stringify(message),
  })

describe('the link', () => {
  test('works once, and is worth a cookie that no script reads and no other site sends', async () => {
    const path = new URL(host.link()).pathname
    const first = await ask(path)
    expect(first).toMatchObject({ status: 303, headers: { location: '/' } })
    expect(String(first.headers['set-cookie'])).toMatch(/^mandate-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/u)
    expect(await ask(path)).toMatchObject({ status: 403 })
  })

  test.for([
    ['without a cookie', {}],
    ['with a cookie that somebody thought of', { cookie: 'mandate=1; mandate-1=2' }],
  ] as const)('nothing is shown %s', async ([, headers]) => {
    for (const path of ['/', '/assets/app.js', '/events'])
      expect(await ask(path, { headers })).toMatchObject({ status: 403 })
  })
})

describe('the page', () => {
  test('comes with a policy that lets in nothing but itself', async () => {
    const page = await ask('/', { headers: { cookie: await redeemLink() } })
    expect(page).toMatchObject({ status: 200, headers: { 'x-content-type-options': 'nosniff' } })
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; /u)
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:|blob:/u)
  })

  test.for([
    '/built-from',
    '/../outside.js',
    '/assets/../../outside.js',
    '/%2e%2e/outside.js',
    '//outside.js',
    '/assets',
  ])('%s is not there', async (path) => {
    expect(await ask(path, { headers: { cookie: await redeemLink() } })).toMatchObject({ status: 404 })
  })

  test.for([
    ['a name that is bound to this machine', { host: 'evil.example' }],
    ['another port of this machine', { host: '127.0.0.1:1' }],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of another port', { 'sec-fetch-site': 'same-site' }],
  ] as const)('%s gets nothing', async ([, headers]) => {
    expect(await ask('/', { headers: { cookie: await redeemLink(), ...headers } })).toMatchObject({ status: 403 })
  })
})

describe('a call', () => {
  test('is answered by the core', async () => {
    const { status, text } = await callWith(await redeemLink(), { name: 'session.read' })
    expect([status, JSON.parse(text)]).toEqual([200, { ok: true, value: SIGNED_OUT }])
  })

  test.for([
    ['from another origin', { origin: 'http://127.0.0.1:1' }, 403],
    ['from a page without an origin', { origin: 'null' }, 403],
    ['as a form would send it', { 'content-type': 'text/plain' }, 415],
  ] as const)('%s is refused', async ([, headers, status]) => {
    expect(await callWith(await redeemLink(), { name: 'session.read' }, headers)).toMatchObject({ status })
  })

  test('without the cookie is refused', async () => {
    expect(await callWith('', { name: 'session.read' })).toMatchObject({ status: 403 })
  })

  test.for([
    ['that is in no list', { name: 'session.token' }],
    ['that is no JSON', '{'],
  ] as const)('%s is no call', async ([, message]) => {
    const { text } = await callWith(await redeemLink(), message)
    expect(JSON.parse(text)).toMatchObject({ ok: false, problem: { code: 'bad_call' } })
  })

  test('that is larger than any is not read to its end', async () => {
    expect(await callWith(await redeemLink(), 'x'.repeat(262_145))).toMatchObject({ status: 413 })
  })
})

/** Reads an event stream until it has said `count` things. */
async function heard(
  cookie: string,
  page: string,
  count: number,
  meanwhile: () => Promise<unknown>,
): Promise<unknown[]> {
  const stop = new AbortController()
  const response = await fetch(`${host.origin}/events?page=${page}`, { headers: { cookie }, signal: stop.signal })
  const messages: unknown[] = []
  const work = meanwhile()
  let text = ''
  for await (const part of response.body ?? []) {
    text += Buffer.from(part).toString()
    const lines = text.split('\n\n')
    text = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data: ')) messages.push(JSON.parse(line.slice(6)))
    if (messages.length >= count) break
  }
  stop.abort()
  await work
  return messages
}

describe('what the host asks of a page', () => {
  test('events of the core reach it', async () => {
    const cookie = await redeemLink()
    expect(await heard(cookie, 'one', 1, async () => say('session', SIGNED_OUT))).toEqual([
      { name: 'session', event: SIGNED_OUT },
    ])
  })

  test('a sign-in is opened by the page that asked for it, and by no other', async () => {
    const cookie = await redeemLink()
    const others: unknown[] = []
    const mine = await heard(cookie, 'mine', 2, async () => {
      others.push(
        ...(await heard(cookie, 'newer', 1, async () => {
          await callWith(cookie, { name: 'session.signIn' }, { 'x-mandate-page': 'mine' })
          say('session', SIGNED_OUT)
        })),
      )
    })
    expect(mine[0]).toEqual({ host: 'open', url: 'https://id.example/auth?state=1' })
    expect(others).toEqual([{ name: 'session', event: SIGNED_OUT }])
  })

  test('no address outside of the allow-list is opened', async () => {
    await expect(given.openExternal(new URL('https://evil.example/'))).rejects.toThrow('not opened')
  })

  test('a saved file is taken once, by its own name, and is gone then', async () => {
    const cookie = await redeemLink()
    const [asked] = await heard(cookie, 'one', 1, () => callWith(cookie, { name: 'account.export' }))
    const { address } = asked as { address: string }
    const file = await ask(address, { headers: { cookie } })
    expect(file).toMatchObject({ status: 200, text: '{"mine":true}' })
    expect(file.headers['content-disposition']).toBe('attachment; filename="-my-data.json"')
    expect(await ask(address, { headers: { cookie } })).toMatchObject({ status: 404 })
    expect(readdirSync(join(folder, 'data/downloads'))).toEqual([])
  })
})

test('it has no keystore, so that nothing is kept', () => {
  expect(given).toMatchObject({ kind: 'browser', keystore: undefined })
})

test('closing ends the core and leaves no download behind', async () => {
  await given.chooseFile('left.json')
  await host.close()
  expect([isClosed, existsSync(join(folder, 'data/downloads'))]).toEqual([true, false])
})
