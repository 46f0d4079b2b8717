import { expect, test, vi } from 'vitest'
import type { Core } from '../main/host.ts'
import { CALL_CHANNEL, EVENT_CHANNEL } from '../shared/messages.ts'
import { connectIpc, type IpcDeps } from './ipc.ts'

const SIGNED_OUT = { state: 'signed_out' } as const
type Contents = NonNullable<ReturnType<IpcDeps['contents']>>
type Heard = Parameters<IpcDeps['ipc']['handle']>[1]
type Invoked = Parameters<Heard>[0]

/** Our window as Electron has it, as far as it is looked at. */
function aWindow(origin = 'app://mandate') {
  const mainFrame = { origin }
  const send = vi.fn()
  const contents = { mainFrame, send, isDestroyed: () => false } as unknown as Contents
  return { contents, mainFrame, send }
}

function connected(contents: Contents | undefined, answer: unknown = { ok: true, value: SIGNED_OUT }) {
  const handlers = new Map<string, Heard>()
  const call = vi.fn<Core['call']>(async () => answer)
  let say: Parameters<Core['listen']>[0] = () => undefined
  const listen: Core['listen'] = (listener) => {
    say = listener
    return () => undefined
  }
  const ipc: IpcDeps['ipc'] = { handle: (channel, heard) => void handlers.set(channel, heard) }
  connectIpc({ ipc, core: { call, listen }, contents: () => contents })
  const invoke = async (event: object, ...args: unknown[]): Promise<unknown> =>
    await handlers.get(CALL_CHANNEL)?.(event as Invoked, ...args)
  return { handlers, call, invoke, say: (...event: Parameters<typeof say>) => say(...event) }
}

test('there is one channel for calls, and no other', () => {
  expect([...connected(undefined).handlers.keys()]).toEqual([CALL_CHANNEL])
})

test('our own page is answered', async () => {
  const { contents, mainFrame } = aWindow()
  const { invoke } = connected(contents)
  expect(await invoke({ sender: contents, senderFrame: mainFrame }, { name: 'session.read' })).toEqual({
    ok: true,
    value: SIGNED_OUT,
  })
})

const ours = aWindow()
const elsewhere = aWindow('https://evil.example')
test.for([
  ['another window', ours.contents, { sender: elsewhere.contents, senderFrame: ours.mainFrame }],
  ['a frame inside of our page', ours.contents, { sender: ours.contents, senderFrame: { origin: 'app://mandate' } }],
  ['a frame that is gone', ours.contents, { sender: ours.contents, senderFrame: null }],
  [
    'a page of somebody else in our window',
    elsewhere.contents,
    { sender: elsewhere.contents, senderFrame: elsewhere.mainFrame },
  ],
  ['a window that was closed', undefined, { sender: ours.contents, senderFrame: ours.mainFrame }],
] as const)('%s never reaches the core', async ([, contents, event]) => {
  const { invoke, call } = connected(contents)
  expect(await invoke(event, { name: 'session.read' })).toMatchObject({ ok: false, problem: { code: 'bad_call' } })
  expect(call).not.toHaveBeenCalled()
})

test.for([
  ['no operation', { name: 'session.token' }],
  ['a wrong input', { name: 'contacts.remove', input: { party: 1 } }],
  ['a member too many', { name: 'session.read', as: 'admin' }],
  ['nothing', undefined],
] as const)('a message with %s never reaches the core', async ([, message]) => {
  const { contents, mainFrame } = aWindow()
  const { invoke, call } = connected(contents)
  expect(await invoke({ sender: contents, senderFrame: mainFrame }, message)).toMatchObject({ ok: false })
  expect(call).not.toHaveBeenCalled()
})

test('what the core says beyond the list stays with the core', async () => {
  const { contents, mainFrame } = aWindow()
  const { invoke } = connected(contents, { ok: true, value: { ...SIGNED_OUT, refresh_token: 'secret' } })
  expect(await invoke({ sender: contents, senderFrame: mainFrame }, { name: 'session.read' })).toEqual({
    ok: true,
    value: SIGNED_OUT,
  })
})

test('a core that throws tells nothing of why', async () => {
  const { contents, mainFrame } = aWindow()
  const { invoke, call } = connected(contents)
  call.mockRejectedValueOnce(new Error('secret'))
  const told = await invoke({ sender: contents, senderFrame: mainFrame }, { name: 'session.read' })
  expect(told).toMatchObject({ ok: false })
  expect(JSON.stringify(told)).not.toContain('secret')
})

test('an event is said to our own page, on the channel for events', () => {
  const { contents, send } = aWindow()
  connected(contents).say('session', { ...SIGNED_OUT, refresh_token: 'secret' } as typeof SIGNED_OUT)
  expect(send.mock.calls).toEqual([[EVENT_CHANNEL, { name: 'session', event: SIGNED_OUT }]])
})

test('an event is not said to a page of somebody else', () => {
  const { contents, send } = aWindow('https://evil.example')
  connected(contents).say('session', SIGNED_OUT)
  expect(send).not.toHaveBeenCalled()
})
