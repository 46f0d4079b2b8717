import type { Entry, PartyRef } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { MAX_TOKEN_AGE } from '../ports/tokens.ts'
import { LaterLogins } from './later-logins.ts'

const START = Date.UTC(2030, 0, 1)
const at = (seconds: number): number => START + seconds * 1_000
const signal = (event: string | undefined, seconds: number, subject = 'user:p_a'): Entry => ({
  v: 1,
  id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  kind: event === 'account-enabled' ? 'account_enabled' : 'session_ended',
  at: new Date(at(seconds)).toISOString(),
  subject,
  ...(event ? { change: { event, transmitter: 'https://idp.example' } } : {}),
})

/** A restored database that knows p_a and p_b. @param disabled - People whose logins are disabled in it. */
async function applied(entries: readonly Entry[], seconds: number, disabled: readonly string[] = []) {
  const done: unknown[] = []
  const logins = new LaterLogins()
  for (const one of entries) logins.add(one)
  const result = await logins.apply(
    {
      sessions: {
        isEnded: ({ person }) => disabled.includes(person),
        disable: async (person, since) => void done.push(['disable', person, since]),
        endAll: async (person, before, until) => void done.push(['end', person, before, until]),
      },
      vault: { subOf: (person: PartyRef) => (/p_[ab]$/u.test(person) ? 'sub' : undefined) },
    },
    at(seconds),
  )
  return { done, result }
}
const LONG_AFTER = 2 * MAX_TOKEN_AGE

test('a login that was disabled or purged is disabled again', async () => {
  const { done, result } = await applied(
    [signal('account-disabled', 1), signal('account-purged', 2, 'user:p_b')],
    LONG_AFTER,
  )
  expect(done).toEqual([
    ['disable', 'user:p_a', at(1)],
    ['disable', 'user:p_b', at(2)],
  ])
  expect(result).toEqual({ logins: 2, sessions: 0, byHand: {} })
})

test.for([
  ['the newest event counts', [signal('account-disabled', 1), signal('account-enabled', 2)]],
  ['in either order of reading', [signal('account-enabled', 2), signal('account-disabled', 1)]],
  ['other ends of sessions disable nothing', [signal('session-revoked', 1), signal(undefined, 2)]],
] as const)('%s', async ([, entries]) => {
  expect(await applied(entries, LONG_AFTER)).toEqual({ done: [], result: { logins: 0, sessions: 0, byHand: {} } })
})

test('a login that is disabled already is left alone; one that was enabled later is not enabled, but counted', async () => {
  expect(await applied([signal('account-disabled', 1)], LONG_AFTER, ['user:p_a'])).toMatchObject({ done: [] })
  const enabled = [signal('account-disabled', 1), signal('account-enabled', 2)]
  expect(await applied(enabled, LONG_AFTER, ['user:p_a'])).toEqual({
    done: [],
    result: { logins: 0, sessions: 0, byHand: { account_enabled: 1 } },
  })
})

test('a person whose pseudonym the database does not know is counted: the event has to be sent again', async () => {
  expect(await applied([signal('account-disabled', 1, 'user:p_new')], LONG_AFTER)).toEqual({
    done: [],
    result: { logins: 0, sessions: 0, byHand: { session_ended: 1 } },
  })
})

test('sessions that ended end again, for as long as their tokens can be valid', async () => {
  const entries = [signal(undefined, 1), signal('session-revoked', 3), signal(undefined, 2)]
  expect(await applied(entries, 3 + MAX_TOKEN_AGE - 1)).toEqual({
    done: [['end', 'user:p_a', at(3), at(3 + MAX_TOKEN_AGE)]],
    result: { logins: 0, sessions: 1, byHand: {} },
  })
  expect(await applied(entries, 3 + MAX_TOKEN_AGE)).toMatchObject({ done: [] })
})

test('an end of one session, without a person, is skipped: the log does not have which one', async () => {
  const { subject: _, ...entry } = signal('session-revoked', 1)
  expect(await applied([entry], 1)).toMatchObject({ done: [] })
})
