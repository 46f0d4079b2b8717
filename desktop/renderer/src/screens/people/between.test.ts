import type { Grant, Invitation } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { between, sorted, unnamed } from './between.ts'

const ME = 'user:me'
const THEM = 'user:them'
const AGENT = 'agent:booker'

const aGrant = (grant: Partial<Grant>): Grant => ({
  id: 'g',
  status: 'live',
  delegator: ME,
  delegate: THEM,
  owner: ME,
  actions: ['read'],
  scope: 'workflow:t',
  limits: [],
  expires_at: '2026-12-01T00:00:00Z',
  redelegations: 0,
  unattended: false,
  created_at: '2026-11-01T00:00:00Z',
  ...grant,
})
const anInvitation = (invitation: Partial<Invitation>): Invitation => ({
  id: 'i',
  status: 'open',
  created_at: '2026-11-01T00:00:00Z',
  expires_at: '2026-11-02T00:00:00Z',
  inviter: ME,
  ...invitation,
})

test.for([
  ['what I gave them is theirs', aGrant({}), 1, 0],
  ['what others passed on to them of what is mine is theirs', aGrant({ delegator: 'user:else' }), 1, 0],
  ['what they gave me is mine', aGrant({ delegator: THEM, delegate: ME, owner: THEM }), 0, 1],
  [
    'what others passed on to me of theirs is mine',
    aGrant({ delegator: 'user:else', delegate: ME, owner: THEM }),
    0,
    1,
  ],
  ['what they hold from others is none of mine', aGrant({ delegator: 'user:else', owner: 'user:else' }), 0, 0],
  ['what has ended is neither', aGrant({ status: 'revoked' }), 0, 0],
] as const)('%s', ([, grant, theirs, mine]) => {
  const found = between(ME, THEM, [grant])
  expect([found.theirs.length, found.mine.length]).toEqual([theirs, mine])
})

test('nameless are people of live grants and confirmed invitations, each once, and neither me nor agents', () => {
  const nameOf = (party: string) => (party === 'user:known' ? 'Known' : undefined)
  const grants = [
    aGrant({}),
    aGrant({ delegate: AGENT }),
    aGrant({ delegate: 'user:known' }),
    aGrant({ delegate: 'user:gone', status: 'expired' }),
  ]
  const invitations = [
    anInvitation({ status: 'confirmed', redeemer: 'user:new' }),
    anInvitation({ status: 'redeemed', redeemer: 'user:stranger' }),
  ]
  expect(unnamed({ me: ME, nameOf }, grants, invitations)).toEqual([THEM, 'user:new'])
})

test('an invitation waits for whoever is to do something about it', () => {
  const all = [
    anInvitation({ id: 'open' }),
    anInvitation({ id: 'used', status: 'redeemed', redeemer: THEM }),
    anInvitation({ id: 'mine', status: 'redeemed', inviter: THEM, redeemer: ME }),
    anInvitation({ id: 'over', status: 'expired' }),
  ]
  const ids = Object.entries(sorted(ME, all)).map(([where, some]) => [where, some.map(({ id }: Invitation) => id)])
  expect(Object.fromEntries(ids)).toEqual({ toConfirm: ['used'], open: ['open'], entered: ['mine'], past: ['over'] })
})
