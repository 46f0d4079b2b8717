import { expect, test, vi } from 'vitest'
import { browserBridge, type Page } from './bridge.ts'

const SIGNED_OUT = { state: 'signed_out' } as const

function aPage(answer: unknown = { ok: true, value: SIGNED_OUT }) {
  const listeners: ((data: string) => void)[] = []
  const fetched = vi.fn<Page['fetch']>(async () => Response.json(answer))
  const stream = vi.fn<Page['stream']>((_address, listener) => void listeners.push(listener))
  const open = vi.fn<Page['open']>()
  const download = vi.fn<Page['download']>()
  const say = (message: unknown): void => {
    for (const listener of listeners) listener(JSON.stringify(message))
  }
  return { page: { fetch: fetched, stream, open, download }, fetched, stream, open, download, say }
}

test('a call is sent as the page whose stream is open', async () => {
  const { page, fetched, stream } = aPage()
  expect(await browserBridge(page).call('session.read')).toEqual({ ok: true, value: SIGNED_OUT })
  const [address, options] = fetched.mock.calls[0] ?? []
  const id = new URL(stream.mock.calls[0]?.[0] ?? '', 'http://127.0.0.1').searchParams.get('page')
  expect([address, options?.method, options?.body]).toEqual(['/call', 'POST', '{"name":"session.read"}'])
  expect(new Headers(options?.headers).get('x-mandate-page')).toBe(id)
})

test('a host that is gone is a problem, not a rejection', async () => {
  const { page, fetched } = aPage()
  fetched.mockRejectedValueOnce(new TypeError('no connection'))
  expect(await browserBridge(page).call('session.read')).toMatchObject({ ok: false })
})

test('what the host asks for is done, and is no event', () => {
  const { page, say, open, download } = aPage()
  const session = vi.fn()
  browserBridge(page).on('session', session)
  say({ host: 'open', url: 'https://id.example/auth' })
  say({ host: 'download', address: '/downloads/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed' })
  say({ name: 'session', event: SIGNED_OUT })
  expect([open.mock.calls, download.mock.calls]).toEqual([
    [['https://id.example/auth']],
    [['/downloads/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed']],
  ])
  expect(session.mock.calls).toEqual([[SIGNED_OUT]])
})

test.for([
  ['a script', { host: 'open', url: 'javascript:alert(1)' }],
  ['a file', { host: 'open', url: 'file:///etc/passwd' }],
  ['a download from elsewhere', { host: 'download', address: 'https://evil.example/downloads/a' }],
  ['a download from outside of the folder', { host: 'download', address: '/downloads/../call' }],
] as const)('%s is neither opened nor taken', ([, message]) => {
  const { page, say, open, download } = aPage()
  browserBridge(page)
  say(message)
  expect([open.mock.calls, download.mock.calls]).toEqual([[], []])
})
