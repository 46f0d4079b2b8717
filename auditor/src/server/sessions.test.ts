import { Fault } from '@mandate/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Tokens } from './identity.ts'
import { safeRedirectPath } from './redirect-path.ts'
import { createSessions } from './sessions.ts'
import { createSignInStates } from './sign-in-state.ts'

const MINUTE = 60_000

function someTokens(name: string, expiresAt: number): Tokens {
  return { subject: name, access: `access-${name}`, refresh: `refresh-${name}`, idToken: 'id', expiresAt }
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

test.for([
  ['/decisions/01KC?kind=evaluation', '/decisions/01KC?kind=evaluation'],
  ['/?from=2026-11-01T10:00:00.000Z', '/?from=2026-11-01T10:00:00.000Z'],
  ['/a/../b', '/b'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/.//evil.example', '/'],
  ['/..//evil.example', '/'],
  ['/./\\evil.example', '/'],
  ['/%2e//evil.example', '/'],
  ['/%2e%2E//evil.example', '/'],
  ['/x/..//evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['/\n//evil.example', '/'],
  ['\t//evil.example', '/'],
  ['/.\t//evil.example', '/'],
  ['///evil.example', '/'],
  ['/.///evil.example', '/'],
  ['javascript:alert(1)', '/'],
  [`/?x=${'é'.repeat(1_000)}`, '/'],
  [['/a', '/b'], '/'],
  [undefined, '/'],
] as const)('after signing in, %j leads to %s', ([asked, to]) => {
  expect(safeRedirectPath(asked)).toBe(to)
})

test('whatever is asked for, a browser stays on our origin', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '\t',
    '\n',
    '@',
    ':',
    '//',
    '?',
    '#',
    'evil.example',
    'https:',
    'x',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const sent = new URL(safeRedirectPath(`/${pieces.join('')}`), 'https://audit.example/sign-in')
      expect(sent.origin).toBe('https://audit.example')
    }),
    { numRuns: 5_000 },
  )
})

test('a sign-in under way is the browser’s to carry, for ten minutes, and nobody’s to read or change', async () => {
  const clock = { now: Date.parse('2026-11-27T10:00:00Z') }
  const pending = createSignInStates(() => clock.now)
  const begun = { verifier: 'v'.repeat(43), state: 's'.repeat(43), nonce: 'n'.repeat(43) }
  const sealed = await pending.encrypt(begun, `/?resource=${'x'.repeat(1_980)}`)
  expect(sealed.length).toBeLessThan(3_500)
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('vvvv')
  expect(await pending.decrypt(sealed)).toMatchObject(begun)
  for (let at = 0; at < sealed.length; at += 97) {
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    expect(await pending.decrypt(changed)).toBeUndefined()
  }
  expect(await createSignInStates(() => clock.now).decrypt(sealed)).toBeUndefined()
  expect(await pending.decrypt(undefined)).toBeUndefined()
  clock.now += 11 * MINUTE
  expect(await pending.decrypt(sealed)).toBeUndefined()
})

test('sign-ins of a stranger, however many, end nobody else’s session; a person’s eleventh ends their first', () => {
  const { sessions } = aPlace()
  const ada = sessions.open(someTokens('ada', 1e12))
  const sams = Array.from({ length: 2_050 }, () => sessions.open(someTokens('sam', 1e12)))
  expect(sessions.peek(ada)).toBeDefined()
  expect(sams.filter((id) => sessions.peek(id) !== undefined)).toEqual(sams.slice(-10))
})

test('a session that died makes room, and is not kept for ever', async () => {
  const { clock, sessions } = aPlace()
  const first = sessions.open(someTokens('ada', 1e12))
  clock.now = 20 * MINUTE
  const others = Array.from({ length: 9 }, () => sessions.open(someTokens('ada', 1e12)))
  clock.now = 31 * MINUTE
  const last = sessions.open(someTokens('ada', 1e12))
  expect([...others, last].filter((id) => sessions.peek(id) === undefined)).toEqual([])
  expect(sessions.peek(first)).toBeUndefined()
})
