import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Answer, Answers, Unanswered } from '../ports/answer.ts'
import type { Candidate, GrantBody, Seat } from '../ports/grants.ts'
import type { Circumstances, Question } from '../ports/question.ts'
import {
  breachedLimits,
  byPreference,
  chainQuestions,
  type JudgedChain,
  judgeChain,
  personaFits,
  widening,
} from './chain.ts'

const NOW = 1_800_000_000_000
const A = 'user:p_a'
const DEED = { deed: '1', part: undefined } as const
const ITEM = { deed: '1', part: 'item:2' } as const
const SEAT: Seat = { scope: DEED, delegate: 'user:p_c', onBehalfOf: undefined }
const OF_A = 'persona:p_a.traveler.family.1'
const OF_B = 'persona:p_b.travel-agent.acme.1'

const aGrant = (change: Partial<GrantBody> = {}): GrantBody => ({
  id: 'ab',
  delegator: A,
  delegatorPersona: 'p_a.traveler.family.1',
  delegate: 'user:p_b',
  asks: '',
  owner: A,
  actions: ['execute', 'read'],
  scope: DEED,
  covers: 'workflow:1',
  atMost: { 'price.EUR': 100 },
  atLeast: { 'starts.ahead': 60 },
  expiresAt: NOW + 1,
  redelegations: 1,
  unattended: false,
  parent: undefined,
  path: ['ab'],
  givers: [OF_A],
  createdAt: NOW - 1_000,
  ...change,
})
/** A good child of {@link aGrant}. */
const aChild = (change: Partial<GrantBody> = {}): GrantBody =>
  aGrant({
    id: 'bc',
    delegator: 'user:p_b',
    delegatorPersona: 'p_b.travel-agent.acme.1',
    delegate: 'user:p_c',
    redelegations: 0,
    parent: 'ab',
    path: ['ab', 'bc'],
    givers: [OF_A, OF_B],
    ...change,
  })

const circumstances: Circumstances = {
  model: '01M',
  now: NOW,
  action: 'execute',
  within: [DEED],
  acting: ['', 'booking-assistant'],
  limited: true,
  attributes: { 'price.EUR': 100, 'starts.ahead': 60 },
}
const CANDIDATE: Candidate = { grant: 'bc', seat: SEAT, path: ['ab', 'bc'], givers: [OF_A, OF_B] }

/** What the store says about one part of the chain; all the rest it affirms. */
interface Said {
  readonly seat?: Answer
  readonly links?: Readonly<Record<string, Answer>>
  readonly givers?: Readonly<Record<string, Answer>>
}

function answered(
  candidate: Candidate,
  { seat, links = {}, givers = {} }: Said,
): readonly (readonly [Question, Answer])[] {
  const questions = chainQuestions(candidate, A)
  return [
    [questions.seat, seat ?? true],
    ...[...questions.links].map(([id, question]) => [question, links[id] ?? true] as const),
    ...[...questions.givers].map(([giver, question]) => [question, givers[giver] ?? true] as const),
  ]
}

function judged(
  bodies: readonly GrantBody[],
  change: {
    readonly answers?: Said
    readonly circumstances?: Partial<Circumstances>
    readonly seat?: Seat
  } = {},
): JudgedChain {
  const candidate: Candidate = {
    ...CANDIDATE,
    seat: change.seat ?? CANDIDATE.seat,
    path: bodies.length > 0 ? CANDIDATE.path : [],
  }
  const known = new Map(bodies.map((body) => [body.id, body]))
  const answers = new Answers(answered(candidate, change.answers ?? {}))
  return judgeChain(candidate, known, A, answers, { ...circumstances, ...change.circumstances })
}
const codes = ({ objections }: JudgedChain): readonly string[] => objections.map(({ code }) => code)

describe('D1: a chain is good when every link is', () => {
  test('a link is asked with its own giver alone: its cost does not grow with the chains beside it', () => {
    const { seat, links } = chainQuestions(CANDIDATE, A)
    expect(seat).toEqual({ kind: 'seat', seat: CANDIDATE.seat, grant: 'bc' })
    expect([...links.values()]).toEqual([
      { kind: 'root', owner: A, grant: 'ab', standing: [OF_A] },
      { kind: 'parent', parent: 'ab', grant: 'bc', standing: [OF_B] },
    ])
  })

  test('and this one is', () => {
    const good = judged([aGrant(), aChild()])
    expect([codes(good), good.limits, good.affirmed]).toEqual([[], [], true])
  })

  test.for<readonly [string, readonly GrantBody[], readonly string[]]>([
    ['dead at the very millisecond it expires', [aGrant(), aChild({ expiresAt: NOW })], ['grant_expired']],
    ['a first link that expired', [aGrant({ expiresAt: NOW }), aChild({ expiresAt: NOW })], ['grant_expired']],
    ['an action it does not list', [aGrant(), aChild({ actions: ['read'] })], ['grant_action']],
    ['a scope that does not cover', [aGrant(), aChild({ scope: ITEM })], ['grant_scope']],
    ['a link that is missing', [aChild()], ['chain_broken']],
    ['no link at all', [], ['chain_broken']],
    ['a link that starts elsewhere', [aGrant(), aChild({ delegator: 'user:p_x' })], ['chain_broken']],
    ['a link of another parent', [aGrant(), aChild({ parent: 'xy' })], ['chain_broken']],
    ['a first link with a parent', [aGrant({ parent: 'xy' }), aChild()], ['chain_broken']],
    ['a first link that the owner did not give', [aGrant({ delegator: 'user:p_x' }), aChild()], ['chain_broken']],
    ['a link about another owner', [aGrant(), aChild({ owner: 'user:p_x' })], ['chain_broken']],
    ['a path that is not the candidate`s', [aGrant(), aChild({ path: ['xx', 'bc'] })], ['chain_broken']],
    ['a giver nobody asked about', [aGrant(), aChild({ givers: ['persona:p_x.traveler.x.1'] })], ['chain_broken']],
    ['a giver in a persona its parent does not allow', [aGrant({ asks: 'traveler' }), aChild()], ['chain_broken']],
    ['a child that gives more than it was given', [aGrant(), aChild({ redelegations: 1 })], ['chain_broken']],
    ['two flaws at once', [aGrant(), aChild({ actions: ['read'], expiresAt: NOW })], ['grant_expired', 'grant_action']],
  ])('%s', ([, bodies, expected]) => {
    expect(codes(judged(bodies))).toEqual(expected)
  })

  test.for<readonly [string, Said, readonly string[]]>([
    ['the owner`s persona', { givers: { [OF_A]: false } }, ['owner_persona_unusable']],
    ['a giver in the middle', { givers: { [OF_B]: false } }, ['chain_broken']],
    ['the first link', { links: { ab: false } }, ['grant_revoked']],
    ['the last link', { links: { bc: false } }, ['grant_revoked']],
    ['the seat', { seat: false }, ['grant_revoked']],
  ])('the store denies %s', ([, answers, expected]) => {
    const result = judged([aGrant(), aChild()], { answers })
    expect(codes(result)).toEqual(expected)
  })

  test.for<readonly [string, Said]>([
    ['the seat', { seat: new Unanswered('failed', 'x') }],
    ['a link', { links: { bc: new Unanswered('failed', 'x') } }],
    ['a giver', { givers: { [OF_B]: new Unanswered('failed', 'x') } }],
  ])('without an answer about %s a chain is not judged', ([, answers]) => {
    expect(() => judged([aGrant(), aChild()], { answers })).toThrow(Unanswered)
  })

  test('nor when a question was never asked', () => {
    const known = new Map([aGrant(), aChild()].map((body) => [body.id, body]))
    for (const omitted of chainQuestions(CANDIDATE, A).all) {
      const answers = new Answers(answered(CANDIDATE, {}).filter(([question]) => question.kind !== omitted.kind))
      expect(() => judgeChain(CANDIDATE, known, A, answers, circumstances)).toThrow(`not asked: ${omitted.kind}`)
    }
  })

  test('the order in which questions are answered changes nothing', () => {
    const said = fc.record({
      seat: fc.boolean(),
      links: fc.record({ ab: fc.boolean(), bc: fc.boolean() }),
      givers: fc.record({ [OF_A]: fc.boolean(), [OF_B]: fc.boolean() }),
    })
    const shuffled = said.chain((answers) => {
      const inOrder = answered(CANDIDATE, answers)
      return fc.tuple(fc.constant(inOrder), fc.shuffledSubarray([...inOrder], { minLength: inOrder.length }))
    })
    const known = new Map([aGrant(), aChild()].map((body) => [body.id, body]))
    fc.assert(
      fc.property(shuffled, ([inOrder, otherOrder]) => {
        const [one, other] = [inOrder, otherOrder].map((pairs) =>
          judgeChain(CANDIDATE, known, A, new Answers(pairs), circumstances),
        )
        expect(other).toEqual(one)
      }),
    )
  })

  test('a seat that asks for another persona says so', () => {
    const bodies = [aGrant(), aChild({ asks: 'travel-agent' })]
    expect(codes(judged(bodies, { answers: { seat: false } }))).toEqual(['grant_persona'])
  })

  test('a seat for acting on behalf asks for the giver`s very persona', () => {
    const seat = { scope: DEED, delegate: 'agent:x', onBehalfOf: 'user:p_b' } as const
    const bodies = [aGrant(), aChild({ delegate: 'agent:x' })]
    const acting = ['', 'persona:p_b.travel-agent.acme.1']
    expect(codes(judged(bodies, { seat, answers: { seat: false } }))).toEqual(['grant_persona'])
    expect(codes(judged(bodies, { seat, answers: { seat: false }, circumstances: { acting } }))).toEqual([
      'grant_revoked',
    ])
  })
})

describe('D3: limits', () => {
  test('are looked at link by link, and not at all where the action is not limited', () => {
    const over = { attributes: { 'price.EUR': 101, 'starts.ahead': 60 } }
    const result = judged([aGrant(), aChild()], { circumstances: over })
    expect(result.limits).toEqual(
      ['ab', 'bc'].map((grant) => ({
        code: 'grant_limit',
        attribute: 'price',
        limit: 100,
        actual: 101,
        currency: 'EUR',
        grant,
      })),
    )
    expect(judged([aGrant(), aChild()], { circumstances: { ...over, limited: false } }).limits).toEqual([])
  })

  test('an attribute that is not there, or in another unit, breaks its limit', () => {
    const breached = breachedLimits(aGrant(), { 'price.USD': 1 })
    expect(breached.map(({ code, attribute }) => [code, attribute])).toEqual([
      ['attribute_invalid', 'price'],
      ['attribute_invalid', 'starts'],
    ])
  })
})

describe('C3: widening names the first field that gives more', () => {
  test.for<readonly [string | undefined, Partial<GrantBody>, Partial<GrantBody>?]>([
    [undefined, {}],
    [undefined, { scope: ITEM }],
    [undefined, { atMost: { 'price.EUR': 99, weight: 1 }, atLeast: { 'starts.ahead': 61 } }],
    [
      undefined,
      { scope: { deed: '9', part: undefined } },
      { scope: { domain: 'travel', persona: 'p_a.traveler.family.1' } },
    ],
    [undefined, { unattended: true }],
    [undefined, { unattended: true }, { delegate: 'agent:x', unattended: true }],
    ['actions', { actions: ['read', 'update'] }],
    ['scope', { scope: { deed: '10', part: undefined } }],
    ['scope', { scope: DEED }, { scope: ITEM }],
    ['scope', { scope: { domain: 'travel', persona: 'p_a.traveler.family.1' } }],
    [
      'scope',
      { scope: { domain: 'travel', persona: 'p_a.traveler.family.2' } },
      { scope: { domain: 'travel', persona: 'p_a.traveler.family.1' } },
    ],
    ['expires_at', { expiresAt: NOW + 2 }],
    ['redelegations', { redelegations: 1 }],
    ['unattended', { unattended: true }, { delegate: 'agent:x' }],
    ['limits', { atMost: { 'price.EUR': 101 } }],
    ['limits', { atMost: {} }],
    ['limits', { atMost: { 'price.USD': 1 } }],
    ['limits', { atLeast: { 'starts.ahead': 59 } }],
    ['limits', { atLeast: {} }],
  ])('%s: %o below %o', ([field, child, parent = {}]) => {
    expect(widening(aChild(child), aGrant(parent))).toBe(field)
  })
})

test.for([
  ['p_b.travel-agent.acme.1', '', true],
  ['', '', true],
  ['p_b.travel-agent.acme.1', 'travel-agent', true],
  ['p_b.travel-agent.acme.1', 'travel-agent/acme', true],
  ['p_b.travel-agent.acme.1', 'travel-agent/other', false],
  ['p_b.travel-agent.acme.1', 'travel', false],
  ['', 'travel-agent', false],
] as const)('F2: persona %s where %j is asked: %s', ([persona, asks, fits]) => {
  expect(personaFits(persona, asks)).toBe(fits)
})

test('D2: the order of good chains is total, so that the same question gets the same answer', () => {
  const chain = fc
    .record({ length: fc.integer({ min: 1, max: 3 }), expiresAt: fc.integer({ min: 1, max: 3 }) })
    .map(({ length, expiresAt }) => Array.from({ length }, () => aGrant({ expiresAt })))
  const chains = fc.array(chain, { maxLength: 6 }).map((list) =>
    list.map((bodies, index): JudgedChain => {
      const candidate = { grant: `g${index}`, seat: SEAT, path: [], givers: [] }
      return { candidate, bodies, objections: [], limits: [], affirmed: true }
    }),
  )
  fc.assert(
    fc.property(chains, fc.nat(), (list, turn) => {
      const rotated = [...list.slice(turn % (list.length + 1)), ...list.slice(0, turn % (list.length + 1))]
      expect(rotated.sort(byPreference)).toEqual([...list].sort(byPreference))
    }),
  )
})
