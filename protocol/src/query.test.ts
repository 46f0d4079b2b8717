import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Entry } from './entry.ts'
import { decisionQuerySchema, entryMatches, entryTerms } from './query.ts'
import { gateCodeSchema } from './reason.ts'

const link = (grant: string, delegator: string, delegate: string): NonNullable<Entry['chain']>[number] => ({
  grant,
  delegator,
  delegate,
  actions: ['execute'],
  scope: 'workflow:w1',
  expires_at: '2026-12-01T00:00:00Z',
})
const ENTRY: Entry = {
  v: 1,
  id: '01KC0000000000000000000000',
  at: '2026-11-21T20:15:04.120Z',
  kind: 'evaluation',
  subject: 'user:p_helper',
  actor: 'agent:booking-agent',
  caller: 'service:trips',
  action: 'execute',
  resource: 'workflow_item:w1-hotel',
  root: 'workflow:w1',
  owner: 'user:p_owner',
  decision: false,
  reasons: [{ code: gateCodeSchema.parse('price_above_limit'), gate: 'price', limit: 4100, actual: 4200 }],
  chain: [link('G1', 'user:p_owner', 'user:p_helper'), link('G2', 'user:p_helper', 'agent:booking-agent')],
}
const parse = (query: Record<string, string>): ReturnType<typeof decisionQuerySchema.safeParse> =>
  decisionQuerySchema.safeParse(query)

test('nothing asked for means everything, 50 a page', () => {
  expect(parse({}).data).toEqual({ limit: 50 })
})

test.each([
  [{ limit: '0' }, 'limit', 'must be 1 to 1000'],
  [{ limit: '1001' }, 'limit', 'must be 1 to 1000'],
  [{ limit: 'ten' }, 'limit', 'must be a whole number'],
  [{ subject: 'p_1' }, 'subject', 'must be user:…, agent:… or service:…'],
  [{ resource: 'w1' }, 'resource', 'must be type:id'],
  [{ decision: 'maybe' }, 'decision', 'must be permit or deny'],
  [{ kind: 'guess' }, 'kind', 'must be a kind of entry'],
  [{ from: 'yesterday' }, 'from', 'must be an RFC 3339 date-time'],
  [{ actor: '' }, 'actor', 'must not be empty'],
  [{ desision: 'deny' }, '', 'Unrecognized key: "desision"'],
] as const)('%o is refused, saying which and why', (query, name, message) => {
  const { error } = parse(query)
  expect(error?.issues[0]).toMatchObject({ path: name === '' ? [] : [name] })
  expect(z.prettifyError(error ?? new z.ZodError([]))).toContain(message)
})

test.each([
  [{ subject: 'user:p_helper' }, true],
  [{ subject: 'user:p_owner' }, false],
  [{ actor: 'agent:booking-agent' }, true],
  [{ member: 'user:p_owner' }, true],
  [{ member: 'agent:booking-agent' }, true],
  [{ member: 'service:trips' }, false],
  [{ resource: 'workflow_item:w1-hotel' }, true],
  [{ resource: 'workflow:w1' }, false],
  [{ under: 'workflow:w1' }, true],
  [{ under: 'workflow_item:w1-hotel' }, true],
  [{ under: 'workflow:w2' }, false],
  [{ action: 'execute', decision: 'deny' }, true],
  [{ decision: 'permit' }, false],
  [{ decision: 'false' }, true],
  [{ reason: 'price_above_limit' }, true],
  [{ reason: 'no_grant' }, false],
  [{ kind: 'evaluation' }, true],
  [{ caller: 'service:trips' }, true],
  [{ grant: 'G2' }, true],
  [{ grant: 'G3' }, false],
  [{ from: '2026-11-21T20:15:04.120Z' }, true],
  [{ from: '2026-11-21T20:15:04.121Z' }, false],
  [{ to: '2026-11-21T20:15:04.120Z' }, false],
  [{ to: '2026-11-21T21:15:04.121+01:00' }, true],
  [{ subject: 'user:p_helper', actor: 'agent:other' }, false],
] as const)('%o means the entry: %s', (query, isMeant) => {
  const { data } = parse(query)
  expect(data).toBeDefined()
  if (data) expect(entryMatches(ENTRY, data)).toBe(isMeant)
})

test('a party stands in an entry as subject, actor, owner or anywhere in the chain; a caller does not', () => {
  const stands = ['user:p_helper', 'agent:booking-agent', 'user:p_owner', 'service:trips', 'user:p_other']
  expect(stands.map((party) => entryMatches(ENTRY, {}, party))).toEqual([true, true, true, false, false])
})

test('a grant that was issued or revoked is found by its id; the target of anything else is none', () => {
  const issued: Entry = { v: 1, id: ENTRY.id, at: ENTRY.at, kind: 'grant_issued', target: 'G9' }
  expect(entryMatches(issued, { grant: 'G9' })).toBe(true)
  expect(entryMatches({ ...issued, kind: 'persona_created' }, { grant: 'G9' })).toBe(false)
})

test('the code of a refusal or fault is found as a reason', () => {
  expect(
    entryMatches(
      { v: 1, id: ENTRY.id, at: ENTRY.at, kind: 'refused', code: 'unauthenticated' },
      { reason: 'unauthenticated' },
    ),
  ).toBe(true)
})

test('each term of an entry stands once', () => {
  const terms = entryTerms(ENTRY).map(({ field, value }) => `${field} ${value}`)
  expect(new Set(terms).size).toBe(terms.length)
})
