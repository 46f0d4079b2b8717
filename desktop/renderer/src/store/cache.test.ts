import { expect, test } from 'vitest'
import type { Bridge, CallResult, OperationName } from '../../../src/shared/channel.ts'
import { Cache } from './cache.ts'

/** Answers when told to. */
function aBridge() {
  const asked: { readonly name: string; readonly answer: (answer: unknown) => Promise<void> }[] = []
  const bridge: Bridge = {
    call: (name) => {
      const { promise, resolve } = Promise.withResolvers<CallResult<OperationName>>()
      const answer = async (value: unknown): Promise<void> => {
        resolve(value as CallResult<OperationName>)
        await promise
        await Promise.resolve()
      }
      asked.push({ name, answer })
      return promise as Promise<never>
    },
    on: () => () => undefined,
  }
  return { bridge, asked }
}

const GOOD = { ok: true, value: { items: [] } }
const BAD = { ok: false, problem: { code: 'offline', title: 'No answer.' } }

test('two that look at the same ask once', () => {
  const { bridge, asked } = aBridge()
  const cache = new Cache(bridge)
  cache.watch('grants.list', { owner: 'me' }, () => undefined)
  cache.watch('grants.list', { owner: 'me' }, () => undefined)
  cache.watch('grants.list', { delegate: 'me' }, () => undefined)
  expect(asked).toHaveLength(2)
})

test('what has changed is asked again where somebody looks, and forgotten where nobody does', async () => {
  const { bridge, asked } = aBridge()
  const cache = new Cache(bridge)
  cache.watch('grants.list', undefined, () => undefined)
  const leave = cache.watch('trips.list', undefined, () => undefined)
  await Promise.all(asked.map(({ answer }) => answer(GOOD)))
  leave()
  cache.changed(['grants'])
  expect(asked.map(({ name }) => name)).toEqual(['grants.list', 'trips.list', 'grants.list'])
  expect(cache.seen('trips.list', undefined).answer).toBeUndefined()
  expect(cache.seen('grants.list', undefined)).toMatchObject({ isAsking: true, good: GOOD })
})

test('a later failure leaves the last good answer to be seen', async () => {
  const { bridge, asked } = aBridge()
  const cache = new Cache(bridge)
  cache.watch('grants.list', undefined, () => undefined)
  await asked[0]?.answer(GOOD)
  cache.again('grants.list', undefined)
  await asked[1]?.answer(BAD)
  expect(cache.seen('grants.list', undefined)).toEqual({ answer: BAD, good: GOOD, isAsking: false })
})

test('of two answers to the same question that of the later question counts', async () => {
  const { bridge, asked } = aBridge()
  const cache = new Cache(bridge)
  cache.watch('grants.list', undefined, () => undefined)
  cache.changed(['grants'])
  await asked[1]?.answer(GOOD)
  await asked[0]?.answer(BAD)
  expect(cache.seen('grants.list', undefined).answer).toBe(GOOD)
})
