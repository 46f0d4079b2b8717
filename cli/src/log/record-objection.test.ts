import type { Entry } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { recordObjection } from './record-objection.ts'

const AT = '2026-11-21T20:15:04.120Z'
const link = (grant: string, delegator: string, delegate: string, expires_at = '2026-11-22T00:00:00.000Z') => ({
  grant,
  delegator,
  delegate,
  actions: ['execute'],
  scope: 'workflow:w1',
  expires_at,
})
const CHAIN = [link('g1', 'user:a', 'user:b'), link('g2', 'user:b', 'agent:x')]
const PERMIT: Entry = {
  v: 1,
  id: '01KC0000000000000000000000',
  at: AT,
  kind: 'evaluation',
  subject: 'user:b',
  actor: 'agent:x',
  action: 'execute',
  resource: 'workflow:w1',
  owner: 'user:a',
  decision: true,
  reasons: [{ code: 'delegated' }],
  chain: CHAIN,
}
const edge = (at: string): Entry => ({
  ...PERMIT,
  chain: [link('g1', 'user:a', 'user:b', '2026-11-21T20:15:04.000Z'), ...CHAIN.slice(1)],
  as_of: { at, position: 3 },
})

test.for<readonly [string, Entry, RegExp | undefined]>([
  ['a chain from the owner to who acts', PERMIT, undefined],
  ['the owner in person', { ...PERMIT, reasons: [{ code: 'owner' }], chain: [] }, undefined],
  ['a denial, whatever it has', { ...PERMIT, decision: false, chain: CHAIN.slice(1) }, undefined],
  ['grants without a grant', { ...PERMIT, chain: [] }, /by grants, and has none/],
  ['a first grant of somebody else', { ...PERMIT, chain: CHAIN.slice(1) }, /g2 is of user:b, and the owner is user:a/],
  ['a gap', { ...PERMIT, chain: [link('g1', 'user:a', 'user:c'), ...CHAIN.slice(1)] }, /g1 was given to user:c/],
  ['a last grant to another actor', { ...PERMIT, actor: 'agent:y' }, /given to agent:x, and agent:y acted/],
  ['a grant that expired at the very instant of the decision', edge('2026-11-21T20:15:04.000Z'), /g1 had expired/],
  ['a grant that expired between decision and entry', edge('2026-11-21T20:15:03.999Z'), undefined],
  ['no reason', { ...PERMIT, reasons: [] }, /has 0/],
] as const)('%s', ([, entry, objection]) => {
  if (objection === undefined) expect(recordObjection(entry)).toBeUndefined()
  else expect(recordObjection(entry)).toMatch(objection)
})
