import { expect, test } from 'vitest'
import { domains, inDays, toAgent, toYannick } from '../../dev/world.ts'
import { endOf, unusedFirst, useWords, withheldWords } from './grants.ts'
import { peopleOf } from './people.ts'

const people = peopleOf(toYannick.delegator, [{ party: toYannick.delegate, name: 'Yannick', note: '' }], [])
const revoked = { ...toYannick, status: 'revoked' as const, revoked_by: people.me, revoked_at: inDays(0) }

test('the reason of a revocation is shown as it was written, and a code of the PDP is not taken for one', () => {
  expect(endOf({ ...revoked, revoke_reason: 'plans have changed' }, people, [])).toMatch(
    /^Revoked by you .*: “plans have changed”$/u,
  )
  expect(endOf({ ...revoked, revoke_reason: 'revoked' }, people, [])).toMatch(/^Revoked by you [^“]*$/u)
  expect(endOf({ ...revoked, revoke_reason: 'replaced' }, people, [])).toMatch(/^Replaced by another grant/u)
})

test('a grant that was cut off names the grant that it ended with, however far above', () => {
  const cut = { ...toAgent, status: 'cut' as const }
  const further = { ...cut, id: '01KAM000000000000000000999', parent: cut.id }
  const above = { ...revoked, revoke_reason: 'plans have changed' }
  for (const grant of [cut, further]) {
    expect(endOf(grant, people, [above, cut, further])).toMatch(
      /^Ended with what was given to Yannick\. That grant: Revoked by you .*: “plans have changed”$/u,
    )
  }
  expect(endOf(cut, people, [])).toBe('Ended because a grant above it ended')
})

test('what was never used comes first, and is said to be so only when the whole log was read', () => {
  const last = { [toYannick.id]: inDays(-1) }
  expect(unusedFirst([toYannick, toAgent], { last })).toEqual([toAgent, toYannick])
  expect(unusedFirst([revoked, toYannick], { last })).toEqual([revoked, toYannick])
  expect(useWords(toAgent.id, { last })).toBe('Never used')
  expect(useWords(toAgent.id, { last, since: inDays(-3) })).toMatch(/^Not used since /u)
  expect(useWords(toYannick.id, { last })).toMatch(/^Last used /u)
})

test.for([
  ['agent_suspended', ['read', 'execute'], 'Cannot be used now. An operator has suspended this agent.'],
  [
    'no_consent',
    ['execute'],
    'Cannot book now. You do not allow agents to act for you here. Allow it within limits under Settings.',
  ],
  ['persona_unusable', ['read', 'execute'], 'Cannot be used now. Yannick has no active persona that may use it.'],
  [
    'owner_persona_unusable',
    ['read', 'execute'],
    'Cannot be used now. The persona that you gave it in is not active. Activate it again under Settings.',
  ],
] as const)('a grant of which something is withheld by %s says what and why', ([code, actions, words]) => {
  const grant = { ...toYannick, withheld: [{ code, actions: [...actions] }] }
  expect(withheldWords(grant, people, domains)).toEqual([words])
  const received = { ...grant, owner: toYannick.delegate, delegate: people.me }
  expect(withheldWords(received, people, domains)[0]).not.toContain('under Settings')
  expect(withheldWords(toYannick, people, domains)).toEqual([])
})
