import type { LoggedEntry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { domains } from '../../../dev/world.ts'
import { actsWithObject } from '../../store/domains.tsx'
import { isFound, NO_SEARCH, type SearchTeller } from './search.ts'

const ME = 'user:p_me'
const YANNICK = 'user:p_yannick'
const names: Readonly<Record<string, string>> = { [ME]: 'you', [YANNICK]: 'Yannick' }
const teller: SearchTeller = {
  called: (party) => names[party] ?? 'somebody',
  isMe: (party) => party === ME,
  partyIn: (party) => (party === YANNICK ? 'user:sub-yannick' : party),
  grants: [],
  things: {
    domains,
    nameOf: () => 'Three days in Milan',
    partOf: () => undefined,
    acts: (actions, _scope, thing = 'Three days in Milan') => actsWithObject(actions, thing, domains[0]),
  },
}
const entry: LoggedEntry = {
  v: 1,
  id: '01KAM000000000000000000001',
  at: '2026-11-22T10:00:00Z',
  kind: 'evaluation',
  index: 1,
  decision: false,
  subject: YANNICK,
  owner: ME,
  action: 'read',
  resource: 'workflow:milan',
  reasons: [{ code: 'no_grant' }],
}

test('every word is looked for in the sentence and its reason, whatever the case', () => {
  for (const text of ['', 'milan', 'YANNICK see', 'nobody had given'])
    expect(isFound(entry, { ...NO_SEARCH, text }, teller), text).toBe(true)
  for (const text of ['vienna', 'milan vienna'])
    expect(isFound(entry, { ...NO_SEARCH, text }, teller), text).toBe(false)
})

test('a person is found by the pseudonym that the log has of them, in whichever part they had', () => {
  const person = 'user:sub-yannick'
  expect(isFound(entry, { text: '', person }, teller)).toBe(true)
  const issued = { ...entry, subject: ME, kind: 'grant_issued' as const, change: { delegator: ME, delegate: YANNICK } }
  expect(isFound(issued, { text: '', person }, teller)).toBe(true)
  expect(isFound({ ...entry, subject: ME }, { text: '', person }, teller)).toBe(false)
})
