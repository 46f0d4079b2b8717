import type { Grant } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { AGENT, inDays, MIRA, toAgent, toYannick, YANNICK } from '../../dev/world.ts'
import { actsFor, nextChange } from './standing.ts'

const ME = toYannick.owner
const NOW = Date.now()
const partiesOf = (...grants: readonly Grant[]) => actsFor(ME, grants, NOW).map(({ party }) => party)
const withheld = (code: string, ...actions: string[]) => ({ withheld: [{ code, actions }] })

test('who can act is each delegate of a live grant that the person owns or gave, once, the first to end first', () => {
  const earlier = { ...toYannick, id: 'earlier', expires_at: inDays(0.1) }
  expect(actsFor(ME, [earlier, toYannick, toAgent], NOW)).toEqual([
    { party: AGENT, until: toAgent.expires_at, through: YANNICK, withheld: [] },
    { party: YANNICK, until: toYannick.expires_at, through: undefined, withheld: [] },
  ])
  expect(partiesOf({ ...toYannick, delegate: ME }, { ...toYannick, owner: MIRA, delegator: MIRA })).toEqual([])
})

test.for([
  ['one that has ended', { status: 'revoked' }],
  ['one that expires at this very instant', { expires_at: new Date(NOW).toISOString() }],
  ['one of which the PDP withholds every action', withheld('agent_suspended', 'read', 'execute')],
] as const)('nobody can act by a grant, when it is %s', ([, more]) => {
  expect(partiesOf({ ...toYannick, ...more } as Grant)).toEqual([])
})

test('a grant of which some actions are withheld says which, with those of a longer grant to the same party', () => {
  const partly = { ...toYannick, ...withheld('no_consent', 'execute') }
  const longer = { ...toYannick, id: 'longer', scope: 'all:travel', expires_at: inDays(20) }
  expect(actsFor(ME, [partly, longer], NOW)).toEqual([
    {
      party: YANNICK,
      until: longer.expires_at,
      through: undefined,
      withheld: [{ scope: partly.scope, actions: ['execute'] }],
    },
  ])
})

test('the next change is the first end of a grant, or begin or end of a persona, that is still to come', () => {
  const at = (ms: number) => new Date(NOW + ms).toISOString()
  const grants = [
    { ...toYannick, expires_at: at(-1) },
    { ...toYannick, expires_at: at(50) },
  ]
  expect(nextChange(grants, [], NOW)).toBe(NOW + 50)
  expect(nextChange(grants, [{ valid_from: at(20), valid_till: at(90) }], NOW)).toBe(NOW + 20)
  expect(nextChange([], [{ valid_from: at(-9), valid_till: at(90) }], NOW)).toBe(NOW + 90)
  expect(nextChange([], [], NOW)).toBe(Number.POSITIVE_INFINITY)
})
