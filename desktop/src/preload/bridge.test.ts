import { expect, test, vi } from 'vitest'
import type { SessionView } from '../shared/views.ts'
import { createBridge, type Wire } from './bridge.ts'

const SIGNED_OUT: SessionView = { state: 'signed_out' }

function aWire(answer: unknown = { ok: true, value: SIGNED_OUT }) {
  const heard: ((message: unknown) => void)[] = []
  const send = vi.fn<Wire['send']>(async () => answer)
  const wire: Wire = { send, listen: (listener) => void heard.push(listener) }
  const say = (message: unknown): void => {
    for (const listener of heard) listener(message)
  }
  return { wire, send, say }
}

test('an operation of the list is sent, and its answer handed on', async () => {
  const { wire, send } = aWire()
  expect(await createBridge(wire).call('session.read')).toEqual({ ok: true, value: SIGNED_OUT })
  expect(send).toHaveBeenCalledWith({ name: 'session.read' })
})

test.for([
  ['a name that is not in the list', 'session.token', undefined],
  ['a name that every object has', 'constructor', undefined],
  ['a name that is no text', ['session.read'], undefined],
  ['an input that the operation does not take', 'contacts.remove', { party: 7 }],
  ['an input with a member too many', 'session.signIn', { memory: true, issuer: 'https://evil.example' }],
] as const)('%s is never sent', async ([, name, input]) => {
  const { wire, send } = aWire()
  const call = createBridge(wire).call as (name: unknown, input?: unknown) => Promise<unknown>
  expect(await call(name, input)).toMatchObject({ ok: false, problem: { code: 'bad_call' } })
  expect(send).not.toHaveBeenCalled()
})

test.for([
  ['is no answer of that operation', { ok: true, value: { state: 'signed_in', refresh_token: 'secret' } }],
  ['is no answer at all', 'secret'],
] as const)('what %s stays outside', async ([, answer]) => {
  const { wire } = aWire(answer)
  const told = await createBridge(wire).call('session.read')
  expect(told).toMatchObject({ ok: false, problem: { code: 'unreadable_answer' } })
  expect(JSON.stringify(told)).not.toContain('secret')
})

test('members that no list names do not cross', async () => {
  const { wire } = aWire({ ok: true, value: { ...SIGNED_OUT, refresh_token: 'secret' } })
  expect(await createBridge(wire).call('session.read')).toEqual({ ok: true, value: SIGNED_OUT })
})

test('a main process that is gone is a problem, not a rejection', async () => {
  const { wire, send } = aWire()
  send.mockRejectedValueOnce(new Error('gone'))
  expect(await createBridge(wire).call('session.read')).toMatchObject({ ok: false })
})

test('an event reaches who listens for it, until they stop', () => {
  const { wire, say } = aWire()
  const bridge = createBridge(wire)
  const session = vi.fn()
  const changed = vi.fn()
  const stop = bridge.on('session', session)
  bridge.on('changed', changed)
  say({ name: 'session', event: SIGNED_OUT })
  stop()
  say({ name: 'session', event: SIGNED_OUT })
  expect(session.mock.calls).toEqual([[SIGNED_OUT]])
  expect(changed).not.toHaveBeenCalled()
})

test.for([
  ['with an unknown name', { name: 'token', event: 'secret' }],
  ['with a wrong content', { name: 'session', event: { state: 'signed_in' } }],
  ['with a member too many', { name: 'session', event: SIGNED_OUT, sender: {} }],
] as const)('an event %s is dropped', ([, message]) => {
  const { wire, say } = aWire()
  const listener = vi.fn()
  createBridge(wire).on('session', listener)
  say(message)
  expect(listener).not.toHaveBeenCalled()
})

test('nobody can listen for what is no event', () => {
  const { wire } = aWire()
  const on = createBridge(wire).on as (name: unknown, listener: unknown) => unknown
  expect(() => on('constructor', () => undefined)).toThrow(TypeError)
  expect(() => on('session', 'text')).toThrow(TypeError)
})
