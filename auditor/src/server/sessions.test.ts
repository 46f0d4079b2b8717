import { Fault } from '@mandate/protocol'
import { expect, test } from 'vitest'
import type { Tokens } from './identity.ts'
import { createSessions } from './sessions.ts'
import { ownPath } from './sign-in.ts'

const MINUTE = 60_000

function someTokens(name: string, expiresAt: number): Tokens {
  return { access: `access-${name}`, refresh: `refresh-${name}`, idToken: 'id', expiresAt }
}

/** Sessions over a clock that is set by hand, and a provider that takes each refresh token once. */
function aPlace() {
  const clock = { now: 0 }
  const asked: string[] = []
  const refresh = async ({ refresh: token }: Tokens): Promise<Tokens> => {
    asked.push(token)
    await Promise.resolve()
    if (token === 'refresh-ended') throw new Fault('unauthenticated', 'ended')
    if (token === 'refresh-away') throw new Fault('identity_unavailable', 'away')
    return someTokens('new', clock.now + 5 * MINUTE)
  }
  return { clock, asked, sessions: createSessions({ refresh }, () => clock.now) }
}

test('requests at the same time renew a token once', async () => {
  const { clock, asked, sessions } = aPlace()
  const id = sessions.open(someTokens('old', 5 * MINUTE))
  expect(await sessions.accessOf(id)).toBe('access-old')
  clock.now = 5 * MINUTE - 10_000
  const all = await Promise.all([sessions.accessOf(id), sessions.accessOf(id), sessions.accessOf(id)])
  expect({ all, asked }).toEqual({ all: ['access-new', 'access-new', 'access-new'], asked: ['refresh-old'] })
})

test('a session that the provider ended is over; one that it cannot speak for now is not', async () => {
  const { sessions } = aPlace()
  const ended = sessions.open(someTokens('ended', 0))
  await expect(sessions.accessOf(ended)).rejects.toMatchObject({ code: 'unauthenticated' })
  expect(sessions.peek(ended)).toBeUndefined()
  const away = sessions.open(someTokens('away', 0))
  await expect(sessions.accessOf(away)).rejects.toMatchObject({ code: 'identity_unavailable' })
  expect(sessions.peek(away)).toBeDefined()
})

test.for([
  ['idle for half an hour', 31, 31, false],
  ['used now and then, within eight hours', 7 * 60, 20, true],
  ['used now and then, beyond eight hours', 8 * 60 + 21, 20, false],
] as const)('a session %s', async ([, minutes, every, isAlive]) => {
  const { clock, sessions } = aPlace()
  const id = sessions.open(someTokens('long', 1e12))
  for (clock.now = every * MINUTE; clock.now < minutes * MINUTE; clock.now += every * MINUTE)
    await sessions.accessOf(id).catch(() => undefined)
  expect(sessions.peek(id) !== undefined).toBe(isAlive)
})

test('a sign-in is finished once, within ten minutes', () => {
  const { clock, sessions } = aPlace()
  const pending = { verifier: 'v', state: 's', nonce: 'n' }
  const id = sessions.remember(pending, '/?kind=fault')
  expect(sessions.recall(id)).toMatchObject({ ...pending, to: '/?kind=fault' })
  expect(sessions.recall(id)).toBeUndefined()
  const late = sessions.remember(pending, '/')
  clock.now = 11 * MINUTE
  expect(sessions.recall(late)).toBeUndefined()
})

test.for([
  ['/decisions/01KC?kind=evaluation', '/decisions/01KC?kind=evaluation'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['javascript:alert(1)', '/'],
  [undefined, '/'],
] as const)('after signing in, %s leads to %s', ([asked, to]) => {
  expect(ownPath(asked)).toBe(to)
})
