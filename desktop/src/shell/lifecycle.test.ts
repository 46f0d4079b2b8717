import { EventEmitter } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import type { Core } from '../main/host.ts'
import { type LifecycleDeps, runApp } from './lifecycle.ts'

const LINK = 'mandate://invitation/abc'
const SIGNED_IN = { state: 'signed_in', subject: 'user:a', online: true, keptIn: 'keystore' } as const

interface Options {
  readonly isFirst?: boolean
  readonly isPackaged?: boolean
  readonly args?: readonly string[]
  readonly platform?: NodeJS.Platform
  readonly start?: LifecycleDeps['start']
}

function anApp({
  isFirst = true,
  isPackaged = true,
  args = ['mandate'],
  platform = 'linux',
  ...options
}: Options = {}) {
  const events = new EventEmitter()
  const quit = vi.fn()
  const setAsDefaultProtocolClient = vi.fn(() => true)
  const app = Object.assign(events, {
    isPackaged,
    quit,
    setAsDefaultProtocolClient,
    requestSingleInstanceLock: () => isFirst,
    whenReady: async () => undefined,
  }) as unknown as LifecycleDeps['app']
  let say: Parameters<Core['listen']>[0] = () => undefined
  const core = {
    call: vi.fn<Core['call']>(),
    listen: (listener: typeof say) => {
      say = listener
      return () => undefined
    },
    openLink: vi.fn<Core['openLink']>(),
    close: vi.fn<Core['close']>(async () => undefined),
  }
  const start = vi.fn<LifecycleDeps['start']>(options.start ?? (async () => core))
  const show = vi.fn()
  const fail = vi.fn()
  const lived = runApp({ app, platform, args, start, show, fail })
  return {
    events,
    quit,
    setAsDefaultProtocolClient,
    core,
    start,
    show,
    fail,
    lived,
    say: (...it: Parameters<typeof say>) => say(...it),
  }
}

const anEvent = () => ({ preventDefault: vi.fn() })

describe('one instance', () => {
  test('the second ends and starts nothing', async () => {
    const { lived, quit, start, show } = anApp({ isFirst: false })
    expect(await lived).toBe(false)
    expect(quit).toHaveBeenCalledOnce()
    expect([start.mock.calls.length, show.mock.calls.length]).toEqual([0, 0])
  })

  test('the first is shown instead, and opens the link that the second was given', async () => {
    const { lived, events, core, show } = anApp()
    await lived
    events.emit('second-instance', anEvent(), ['mandate', '--flag', LINK])
    expect(show).toHaveBeenCalledTimes(2)
    expect(core.openLink.mock.calls).toEqual([[LINK]])
  })
})

describe('a link', () => {
  test('that came before the core was there is opened then', async () => {
    const { lived, events, core } = anApp({ platform: 'darwin' })
    const event = anEvent()
    events.emit('open-url', event, LINK)
    await lived
    expect(event.preventDefault).toHaveBeenCalledOnce()
    expect(core.openLink.mock.calls).toEqual([[LINK]])
  })

  test('among the arguments of the start is opened', async () => {
    const { lived, core } = anApp({ args: ['mandate', LINK] })
    await lived
    expect(core.openLink.mock.calls).toEqual([[LINK]])
  })

  test.for(['https://evil.example/', 'mandate://a b', `mandate://${'a'.repeat(600)}`])('%s is none', async (link) => {
    const { lived, events, core } = anApp({ args: ['mandate', link] })
    await lived
    events.emit('open-url', anEvent(), link)
    events.emit('second-instance', anEvent(), ['mandate', link])
    expect(core.openLink).not.toHaveBeenCalled()
  })

  test.for([
    [true, [['mandate']]],
    [false, []],
  ] as const)('the scheme is taken by a packaged app alone: %s', async ([isPackaged, taken]) => {
    const { lived, setAsDefaultProtocolClient } = anApp({ isPackaged })
    await lived
    expect(setAsDefaultProtocolClient.mock.calls).toEqual(taken)
  })
})

test('whatever contents are made, they are locked', async () => {
  const { lived, events } = anApp()
  await lived
  const contents = Object.assign(new EventEmitter(), { setWindowOpenHandler: vi.fn() })
  events.emit('web-contents-created', anEvent(), contents)
  const event = anEvent()
  contents.emit('will-navigate', event)
  expect(event.preventDefault).toHaveBeenCalledOnce()
  expect(contents.setWindowOpenHandler.mock.calls[0]?.[0]()).toEqual({ action: 'deny' })
})

test('an app that cannot start says why and shows nothing', async () => {
  const error = new Error('no configuration')
  const { lived, show, fail } = anApp({ start: () => Promise.reject(error) })
  expect(await lived).toBe(false)
  expect(fail.mock.calls).toEqual([[error]])
  expect(show).not.toHaveBeenCalled()
})

describe('the end', () => {
  test('waits for the core, which is closed once', async () => {
    const { lived, events, core, quit } = anApp()
    await lived
    const closed = Promise.withResolvers<void>()
    core.close.mockReturnValue(closed.promise)
    const [first, second, last] = [anEvent(), anEvent(), anEvent()]
    events.emit('before-quit', first)
    events.emit('before-quit', second)
    expect([first.preventDefault.mock.calls.length, second.preventDefault.mock.calls.length]).toEqual([1, 1])
    expect(quit).not.toHaveBeenCalled()
    closed.resolve()
    await expect.poll(() => quit.mock.calls.length).toBe(1)
    events.emit('before-quit', last)
    expect(last.preventDefault).not.toHaveBeenCalled()
    expect(core.close).toHaveBeenCalledOnce()
  })

  test('comes although the core cannot close', async () => {
    const { lived, events, core, quit } = anApp()
    await lived
    core.close.mockRejectedValue(new Error('stuck'))
    events.emit('before-quit', anEvent())
    await expect.poll(() => quit.mock.calls.length).toBe(1)
  })

  test.for([
    ['linux', 1],
    ['win32', 1],
    ['darwin', 0],
  ] as const)('comes on %s with the last window: %s', async ([platform, count]) => {
    const { lived, events, quit } = anApp({ platform })
    await lived
    events.emit('window-all-closed')
    expect(quit).toHaveBeenCalledTimes(count)
  })
})

test('the window comes to the front when the person has signed in, and not at every event of the session', async () => {
  const { lived, say, show } = anApp()
  await lived
  say('session', { state: 'signing_in' })
  say('session', SIGNED_IN)
  say('session', { ...SIGNED_IN, online: false })
  expect(show).toHaveBeenCalledTimes(2)
})
