import { gateCodeSchema, type LoggedEntry } from '@mandate/protocol'
import { domainOfScope } from '@mandate/ui'
import { expect, test } from 'vitest'
import { domains, toAgent, toYannick } from '../../../dev/world.ts'
import { actsWithObject } from '../../store/domains.tsx'
import { knownFrom } from './names.ts'
import { isOfMine, sentenceOfEntry, type Teller, whyOf, wordedReason } from './told.ts'

const ME = 'user:p_me'
const YANNICK = 'user:p_yannick'
const AGENT = 'agent:booking-agent'
const names: Readonly<Record<string, string>> = { [ME]: 'you', [YANNICK]: 'Yannick', [AGENT]: 'Booking agent' }
const teller: Teller = {
  called: (party) => names[party] ?? 'somebody',
  isMe: (party) => party === ME,
  grants: [],
  things: {
    domains,
    nameOf: (thing) =>
      thing === 'workflow:milan' ? 'Three days in Milan' : thing === 'all:travel' ? 'all trips' : thing,
    partOf: (part) => (part === 'workflow_item:hotel' ? 'hotel' : undefined),
    acts: (actions, scope, thing) =>
      actsWithObject(actions, thing ?? teller.things.nameOf(scope), domainOfScope(scope, domains)),
  },
}

const anEntry = (entry: Partial<LoggedEntry>): LoggedEntry => ({
  v: 1,
  id: '01KAM000000000000000000001',
  at: '2026-11-22T10:00:00Z',
  kind: 'evaluation',
  index: 1,
  ...entry,
})
const link = (grant: string, delegator: string, delegate: string) => ({
  grant,
  delegator,
  delegate,
  actions: ['execute'],
  scope: 'workflow:milan',
  expires_at: '2026-12-01T00:00:00Z',
})

const TOLD: readonly (readonly [string, Partial<LoggedEntry>, string])[] = [
  [
    'an agent for somebody',
    { subject: YANNICK, actor: AGENT, action: 'execute', resource: 'workflow_item:x', root: 'workflow:milan' },
    'Booking agent was not allowed to book an item of Three days in Milan, for Yannick',
  ],
  [
    'a search by what it was for, and by how much was found',
    { kind: 'search', subject: ME, action: 'read', change: { searched: 'resource', type: 'workflow', found: 2 } },
    'You looked for trips to see (2 found)',
  ],
  [
    'a request of their own that was refused, by its code',
    { kind: 'refused', subject: ME, code: 'grant_invalid', status: 422 },
    'A request of yours was refused: The grant is refused',
  ],
  [
    'a request of somebody else that was refused',
    { kind: 'refused', caller: AGENT, code: 'a_new_code', status: 400 },
    'A request of Booking agent was refused: a new code',
  ],
  [
    'an agent that searches for somebody',
    { kind: 'search', subject: YANNICK, actor: AGENT, action: 'release', change: { searched: 'resource', found: 0 } },
    'Booking agent looked for what there is to release (0 found), for Yannick',
  ],
  [
    'what it costs tells items apart',
    {
      subject: ME,
      action: 'execute',
      resource: 'workflow_item:x',
      root: 'workflow:milan',
      attributes: { 'planned_price.EUR': 12_000, risk: 1 },
    },
    'You were not allowed to book an item of Three days in Milan (EUR 120.00)',
  ],
  [
    'oneself',
    { subject: ME, action: 'read', resource: 'workflow:milan', decision: true },
    'You were allowed to see Three days in Milan',
  ],
  [
    'an action that has no word of its own',
    { subject: ME, action: 'hand_over', resource: 'workflow:milan', decision: true },
    'You were allowed to hand over Three days in Milan',
  ],
  [
    'an action on the account by what it creates',
    { subject: YANNICK, action: 'create', resource: 'travel_account:p_me', decision: true },
    'Yannick was allowed to create trips',
  ],
  [
    'a part by the name that its service gives',
    { subject: ME, action: 'execute', resource: 'workflow_item:hotel', root: 'workflow:milan', decision: true },
    'You were allowed to book hotel of Three days in Milan',
  ],
  [
    'a part of a domain that no code knows',
    { subject: ME, action: 'execute', resource: 'care_task:t', root: 'care_plan:p', decision: true },
    'You were allowed to carry out a care task of care_plan:p',
  ],
  [
    'a grant on all, which lets create too',
    {
      kind: 'grant_issued',
      change: { delegator: ME, delegate: YANNICK, actions: ['read', 'create'], scope: 'all:travel' },
    },
    'You let Yannick see all trips and create trips',
  ],
  [
    'a grant',
    {
      kind: 'grant_issued',
      change: { delegator: ME, delegate: YANNICK, actions: ['read', 'execute'], scope: 'workflow:milan' },
    },
    'You let Yannick see and book Three days in Milan',
  ],
  ['a grant of another form', { kind: 'grant_issued', change: { more: 1 } }, 'A grant was given'],
  ['its end', { kind: 'grant_revoked', change: { by: YANNICK } }, 'Yannick ended a grant'],
  ['an invitation', { kind: 'invitation_changed', change: { status: 'redeemed' } }, 'An invitation was used'],
  [
    'a persona and its settings',
    {
      kind: 'persona_changed',
      change: { title: 'traveler', circle: 'family', status: 'active', autonomy: { consent: true, limits: {} } },
    },
    'Your persona traveler, family: active, agents may act within your limits',
  ],
  ['a kind that was added since', { kind: 'legal_hold_changed' }, 'Legal hold changed'],
]

test.for(TOLD)('%s', ([, entry, sentence]) => {
  const given = anEntry(entry.kind === undefined ? { decision: false, ...entry } : entry)
  expect(sentenceOfEntry(given, teller).replaceAll('\u00a0', ' ')).toBe(sentence)
})

test('why is said from where one stands: to the owner of what it was about, or to who tried', () => {
  const reasons = [{ code: 'no_grant' } as const]
  expect(whyOf(anEntry({ owner: ME, subject: YANNICK, reasons }), teller)).toMatch(/^Nobody had given them/)
  expect(whyOf(anEntry({ owner: YANNICK, subject: ME, reasons }), teller)).toMatch(/^Nobody gave you/)
})

test('whose it is tells the chain, where the entry does not name the owner', () => {
  expect(isOfMine(anEntry({ chain: [link('g', ME, YANNICK)] }), teller)).toBe(true)
  expect(isOfMine(anEntry({ chain: [link('g', YANNICK, ME)] }), teller)).toBe(false)
  expect(isOfMine(anEntry({}), teller)).toBe(false)
})

test('numbers stand behind the reason, and a code that nobody knows speaks for itself', () => {
  const code = gateCodeSchema.parse('price_above_limit')
  const reasons = [{ code, gate: 'price', limit: 410_000, actual: 420_000, currency: 'EUR' }]
  expect(whyOf(anEntry({ owner: ME, reasons }), teller).replaceAll('\u00a0', ' ')).toBe(
    'It cost more than you let an agent spend. It is EUR 4,200.00; the limit is EUR 4,100.00.',
  )
  expect(wordedReason({ code: gateCodeSchema.parse('moon_too_full') }, true, anEntry({}), domains)).toEqual({
    code: 'moon_too_full',
    reason_user: 'Moon too full.',
  })
})

test("a reason of a domain that no code knows is told in the domain's words and units", () => {
  const figures = { gate: 'volume', attribute: 'blood_volume', limit: 1, actual: 11 }
  const entry = {
    resource: 'lab_sample:v',
    subject: YANNICK,
    reasons: [{ code: gateCodeSchema.parse('volume_above_limit'), ...figures }],
  }
  expect(whyOf(anEntry({ ...entry, owner: ME }), teller)).toBe(
    'It was more blood than you let an agent release. It is 11 millilitres; the limit is 1 millilitre.',
  )
  expect(whyOf(anEntry({ ...entry, owner: YANNICK, subject: ME }), teller)).toMatch(
    /^This takes more blood than the donor/,
  )
})

test('a pseudonym is known by a grant that both the log and the person have, and by no other', () => {
  const grant = { id: 'g1', delegator: 'user:sub-me', delegate: 'user:sub-yannick' } as Parameters<
    typeof knownFrom
  >[1][number]
  const entries = [
    anEntry({ chain: [link('g1', ME, YANNICK), link('g2', YANNICK, AGENT)] }),
    anEntry({ kind: 'grant_issued', target: 'g3', change: { delegator: 'user:p_eve', delegate: 'user:p_mallory' } }),
  ]
  const known = knownFrom(entries, [grant], 'user:sub-me', undefined)
  expect(Object.fromEntries(known)).toEqual({ [ME]: 'user:sub-me', [YANNICK]: 'user:sub-yannick' })
  expect(knownFrom([], [], 'user:sub-me', ME).get(ME)).toBe('user:sub-me')
})

test('a grant that was ended tells what it was, why, and to whom it had been passed on', () => {
  const parent = { ...toYannick, delegate: YANNICK, scope: 'workflow:milan', status: 'revoked' as const }
  const revoked = { ...parent, revoked_by: ME, revoke_reason: 'plans have changed' }
  const cut = { ...toAgent, parent: parent.id, delegate: AGENT, status: 'cut' as const }
  const entry = anEntry({ kind: 'grant_revoked', target: parent.id, change: { by: ME } })
  const knowing = { ...teller, grants: [revoked, cut] }
  expect(sentenceOfEntry(entry, knowing)).toBe('You took back from Yannick: see and book Three days in Milan')
  expect(whyOf(entry, knowing)).toBe('“plans have changed”. With it ended what was passed on to Booking agent.')
  const renounced = [{ ...revoked, revoked_by: YANNICK, revoke_reason: 'renounced' }]
  const back = anEntry({ ...entry, change: { by: YANNICK } })
  expect(sentenceOfEntry(back, { ...teller, grants: renounced })).toBe(
    'Yannick gave back: see and book Three days in Milan',
  )
  expect(whyOf(back, { ...teller, grants: renounced })).toBe('')
})
