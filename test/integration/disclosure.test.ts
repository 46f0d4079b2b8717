/**
 * What a reader may know of an answer and of its entry (rules R1, R2): the same at every view. Each entry holds values that stand
 * nowhere else; they are looked for in what each view says, word for word.
 */
import type { LoggedEntry } from '@mandate/protocol'
import { beforeAll, describe, expect, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { type Answer, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR, useSuite } from '../fixtures/suite.ts'
import { type Ask, AUTONOMY } from '../fixtures/world.ts'

const suite = useSuite({ sharedWorld: true })

/** The limit that A sets, what B's grant allows, and what the item costs: in cents. */
const [A_LIMIT, GRANT_LIMIT, PRICE] = [487_653, 312_347, 612_349]
const price = (amount: number) => ({ planned_price: { amount, currency: 'EUR' } })

const READERS = {
  auditor: () => AUDITOR,
  owner: () => suite.world.as('A'),
  delegate: () => suite.world.as('B'),
  agent: () => suite.world.as('X'),
  stranger: () => suite.world.as('S'),
  'former delegate': () => suite.world.as('C'),
} as const
type Reader = keyof typeof READERS

/** Questions, and the entry that each left. */
const CASES = {
  'the owner’s limit': { subject: 'B', actor: 'X', action: 'execute', item: 'hotel', attributes: price(PRICE) },
  'a grant’s limit': { subject: 'B', action: 'execute', item: 'hotel', trip: 'bounded', attributes: price(PRICE) },
  'what was never shared': { subject: 'S', action: 'read' },
  'what there is not': { subject: 'S', action: 'read', trip: 'there-is-no-such-trip' },
  'what came after the grant had ended': { subject: 'C', action: 'read', trip: 'later' },
  'what is beside the grant': { subject: 'S', action: 'read', trip: 'beside' },
  'a part that came after the grant had ended': { subject: 'S', action: 'read', trip: 'shared', item: 'dinner' },
  'an agent that holds another’s grant': { subject: 'S', actor: 'X', action: 'read', trip: 'bounded' },
  'what was revoked': { subject: 'B', action: 'read', trip: 'over' },
} as const satisfies Readonly<Record<string, Ask>>
type Case = keyof typeof CASES

const entries = new Map<Case, LoggedEntry>()
const entryOf = (name: Case): LoggedEntry => {
  const entry = entries.get(name)
  if (!entry) throw new Error(`no entry of ${name}`)
  return entry
}
const get = (path: string, as: TokenClaims): Promise<Answer> => suite.tpdp.call('GET', path, { as })

beforeAll(async () => {
  const { world, give } = suite
  const settings = { ...AUTONOMY, limits: { ...AUTONOMY.limits, price: { at_most: A_LIMIT, currency: 'EUR' } } }
  await world.autonomy('A', 'traveler/family', settings)
  for (const trip of ['bounded', 'over', 'beside', 'shared']) await world.trip(trip, 'A', 'traveler/family')
  await give({ from: 'A', to: 'B', actions: ['read', 'execute'], redelegations: 1, name: 'ab' })
  await give({ from: 'B', to: 'X', actions: ['read', 'execute'], parent: 'ab' })
  const limits = [{ attribute: 'planned_price', at_most: GRANT_LIMIT, currency: 'EUR' }]
  await give({ from: 'A', to: 'B', on: 'bounded', actions: ['read', 'execute'], limits })
  await give({ from: 'A', to: 'X', on: 'bounded', actions: ['read'] })
  await give({ from: 'A', to: 'B', on: 'over', actions: ['read'], name: 'over-ab' })
  await give({ from: 'A', to: 'C', on: 'all:travel', actions: ['read'], name: 'ac-all' })
  await give({ from: 'A', to: 'S', on: 'shared', actions: ['read'], name: 'as-shared' })
  for (const name of ['over-ab', 'ac-all', 'as-shared']) await world.revoke(name, 'A')
  suite.tpdp.advance(1_000)
  await world.trip('later', 'A', 'traveler/family')
  // A part that is new under a thing that was shared: registered again, it has another beginning.
  const part = `/v1/resources/workflow_item/${world.named.get('shared')}-dinner`
  await world.call('DELETE', part, TRIPS)
  await world.call('PUT', part, TRIPS, { parent: `workflow:${world.named.get('shared')}` })
  await ask()
})

/** Each question as the service asks it, and the entry that it left, as auditors see it. */
async function ask(): Promise<void> {
  for (const [name, question] of Object.entries(CASES)) {
    const { headers } = await suite.world.ask(question)
    const { body } = await get(`/v1/decisions/${headers.get('x-evaluation-id')}`, AUDITOR)
    entries.set(name as Case, body)
  }
}

/** What each view says of one entry to a reader; empty where it says nothing. */
const VIEWS: Readonly<Record<string, (entry: LoggedEntry, as: TokenClaims) => Promise<string>>> = {
  'the list': async (entry, as) => about(entry, (await get('/v1/decisions?limit=1000', as)).body.entries),
  'one decision': async ({ id }, as) => said(await get(`/v1/decisions/${id}`, as)),
  'JSON Lines': async (entry, as) => lineOf(entry, (await get('/v1/decisions/export?format=jsonl', as)).text),
  CSV: async (entry, as) => lineOf(entry, (await get('/v1/decisions/export?format=csv', as)).text),
  OCSF: async (entry, as) => lineOf(entry, (await get('/v1/decisions/export?format=ocsf', as)).text),
  replay: async ({ id }, as) => said(await get(`/v1/decisions/${id}/replay`, as)),
  'the export of one’s own': async (entry, as) => {
    const { body } = await get('/v1/subjects/me/export', as)
    return about(entry, body?.decisions ?? [])
  },
}

const said = ({ status, text }: Answer): string => (status === 200 ? text : '')
const about = ({ id }: LoggedEntry, found: readonly LoggedEntry[]): string =>
  JSON.stringify(found.find((entry) => entry.id === id) ?? '')
const lineOf = ({ id }: LoggedEntry, text: string): string => text.split('\n').find((line) => line.includes(id)) ?? ''

/** Values of an entry that only some may see, by what they are. */
function secretsOf(entry: LoggedEntry): Readonly<Record<string, string>> {
  const [reason] = entry.reasons ?? []
  return {
    ...(reason?.limit === undefined ? {} : { limit: String(reason.limit) }),
    ...(reason?.actual === undefined ? {} : { actual: String(reason.actual) }),
    ...(entry.owner ? { owner: entry.owner } : {}),
    ...(entry.root ? { root: entry.root } : {}),
    ...(reason?.grant ? { grant: reason.grant } : {}),
    ...(reason && reason.code !== 'no_grant' ? { code: reason.code } : {}),
    ...(entry.resource ? { resource: entry.resource } : {}),
    ...(entry.salt ? { salt: entry.salt } : {}),
  }
}

const FIGURES = ['limit', 'actual', 'salt']
const ALL = ['limit', 'actual', 'owner', 'root', 'grant', 'code', 'resource', 'salt']
/** What must not be told, by case and reader; a reader who is not named is no party to it, and is told nothing. */
const HIDDEN: Readonly<Record<Case, Readonly<Partial<Record<Reader, readonly string[]>>>>> = {
  'the owner’s limit': { owner: [], delegate: FIGURES, agent: FIGURES },
  'a grant’s limit': { owner: [], delegate: FIGURES },
  'what was never shared': { owner: [], stranger: ALL },
  'what there is not': { stranger: ALL },
  'what came after the grant had ended': { owner: [], 'former delegate': ALL },
  'what is beside the grant': { owner: [], stranger: ALL },
  'a part that came after the grant had ended': { owner: [], stranger: ALL },
  'an agent that holds another’s grant': { owner: [], agent: [], stranger: ALL },
  'what was revoked': { owner: [], delegate: [] },
}

describe.for(Object.keys(CASES) as Case[])('%s', (name) => {
  describe.for(Object.keys(READERS) as Reader[])('to the %s', (reader) => {
    test.for(Object.keys(VIEWS))('through %s', async (view) => {
      const entry = entryOf(name)
      const text = await VIEWS[view]?.(entry, READERS[reader]())
      const hidden = reader === 'auditor' ? [] : (HIDDEN[name][reader] ?? ALL)
      for (const [what, value] of Object.entries(secretsOf(entry)))
        if (hidden.includes(what)) expect(text, `${what} ${value}`).not.toContain(value)
    })
  })
})

describe('what a party must be told', () => {
  const shown = async (name: Case, as: TokenClaims): Promise<LoggedEntry> =>
    (await get(`/v1/decisions/${entryOf(name).id}`, as)).body

  test('the owner and auditors see the entry whole', async () => {
    for (const as of [AUDITOR, suite.world.as('A')])
      expect(await shown('the owner’s limit', as)).toEqual(entryOf('the owner’s limit'))
    expect(entryOf('the owner’s limit').reasons).toMatchObject([{ limit: A_LIMIT, actual: PRICE, currency: 'EUR' }])
    expect(entryOf('a grant’s limit').reasons).toMatchObject([{ limit: GRANT_LIMIT, actual: PRICE }])
  })

  test('a delegate sees the gate, the attribute and the chain', async () => {
    const entry = await shown('the owner’s limit', suite.world.as('B'))
    expect(entry.reasons).toEqual([{ code: 'price_above_limit', gate: 'price', attribute: 'planned_price' }])
    expect(entry.chain).toHaveLength(2)
  })

  test('who held a grant sees that it was revoked, and the link that broke', async () => {
    const entry = await shown('what was revoked', suite.world.as('B'))
    expect(entry).toEqual(entryOf('what was revoked'))
    const grant = suite.world.named.get('over-ab')
    expect(entry).toMatchObject({ chain: [], broken: [{ grant }], reasons: [{ code: 'grant_revoked', grant }] })
  })

  test('an agent sees that it holds the grant for another', async () => {
    const entry = await shown('an agent that holds another’s grant', suite.world.as('X'))
    expect(entry.reasons).toMatchObject([{ code: 'not_on_behalf' }])
  })

  test('auditors see the near miss that its reader is not told of', () => {
    expect(entryOf('what came after the grant had ended').reasons).toMatchObject([{ code: 'grant_revoked' }])
    expect(entryOf('what there is not').reasons).toMatchObject([{ code: 'resource_unknown' }])
  })
})

const S = (): TokenClaims => suite.world.as('S')

describe('a stranger', () => {
  const THINGS = ['what was never shared', 'what there is not', 'what is beside the grant'] as const
  /** Without what differs between any two. */
  const bare = ({ id: _id, index: _index, leaf: _leaf, request_id: _request, ...entry }: LoggedEntry) => entry

  test('cannot tell by the entry whether a thing exists', async () => {
    const shown = THINGS.map(async (name) => bare((await get(`/v1/decisions/${entryOf(name).id}`, S())).body))
    const [first, ...others] = await Promise.all(shown)
    expect(first).toMatchObject({ resource: 'workflow:~', reasons: [{ code: 'no_grant' }], decision: false })
    for (const other of others) expect(other).toEqual(first)
  })

  test('cannot tell by asking again', async () => {
    const replays = await Promise.all(THINGS.map((name) => get(`/v1/decisions/${entryOf(name).id}/replay`, S())))
    expect(new Set(replays.map(({ status, body }) => `${status} ${body.code} ${body.detail}`)).size).toBe(1)
  })

  const found = async (filter: Readonly<Record<string, string | undefined>>): Promise<readonly number[]> => {
    const given = Object.entries(filter).map(([name, value]) => [name, value ?? ''])
    const query = new URLSearchParams([...given, ['kind', 'evaluation']])
    const { body } = await get(`/v1/decisions?${query}`, S())
    return [body.total, body.entries.length]
  }

  test.for([
    ['resource_unknown', 0],
    ['grant_revoked', 0],
    ['grant_scope', 0],
    ['not_on_behalf', 0],
    ['no_grant', 5],
  ] as const)('cannot tell by a filter of reasons: %s', async ([reason, count]) => {
    expect(await found({ reason })).toEqual([count, count])
  })

  test('cannot tell by a filter of things', async () => {
    const { resource } = entryOf('what was never shared')
    expect(await found({ resource })).toEqual([0, 0])
    expect(await found({ under: resource })).toEqual([0, 0])
    expect(await found({ under: entryOf('a part that came after the grant had ended').root })).toEqual([0, 0])
  })

  test.for(['evaluation', 'a batch with reasons'])('cannot tell by the answer of %s', async (kind) => {
    const { world } = suite
    const context = async (question: Ask): Promise<Readonly<Record<string, unknown>>> => {
      const asked = world.question(question)
      if (kind === 'evaluation') return (await world.call('POST', '/access/v1/evaluation', S(), asked)).body.context
      const body = { evaluations: [asked], options: { reasons: true } }
      return (await world.call('POST', '/access/v1/evaluations', S(), body)).body.evaluations[0].context
    }
    const contexts = await Promise.all(
      [CASES['what was never shared'], CASES['what there is not'], CASES['what is beside the grant']].map(context),
    )
    const [first, ...others] = contexts.map(({ evaluation_id: _id, ...rest }) => rest)
    expect(first).toMatchObject({ reason: 'no_grant', chain: [] })
    for (const other of others) expect(other).toEqual(first)
  })
})

describe('a service', () => {
  test('is told everything, and what of it the person may be told', async () => {
    const { body } = await suite.world.ask(CASES['what came after the grant had ended'])
    const [reason] = body.context.reasons
    expect(reason).toMatchObject({ code: 'grant_revoked', code_user: 'no_grant', reason_admin: expect.any(String) })
    const { body: unknown } = await suite.world.ask(CASES['what there is not'])
    expect(unknown.context.reasons[0]).toMatchObject({ code: 'resource_unknown', code_user: 'no_grant' })
    expect(unknown.context.reasons[0].reason_user).toBe(reason.reason_user)
  })

  test('has no other code for the person where they may know it', async () => {
    const { body } = await suite.world.ask(CASES['what was revoked'])
    expect(body.context.reasons[0]).not.toHaveProperty('code_user')
    expect(body.context.broken).toMatchObject([{ delegator: suite.world.ref('A'), delegate: suite.world.ref('B') }])
  })

  test('learns that no policy has a type that it misspelt', async () => {
    const question = suite.world.question({ subject: 'A', action: 'read' })
    const body = { ...question, resource: { type: 'workfow', id: '1' } }
    const { body: answer } = await suite.tpdp.call('POST', '/access/v1/evaluation', { as: TRIPS, body })
    expect(answer.context.reasons[0]).toMatchObject({
      code: 'resource_unknown',
      reason_admin: expect.stringContaining('No policy in force has resources of type "workfow"'),
    })
  })
})

test('a tail shows what a list shows', async () => {
  const { world, tpdp } = suite
  const end = new AbortController()
  const authorization = `Bearer ${await tpdp.issuer.token(world.as('B'))}`
  const headers = { authorization }
  const { body } = await fetch(`${tpdp.pdp.url}/v1/decisions/stream`, { headers, signal: end.signal })
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = (await reader?.read())?.value ?? ''
  const { headers: answered } = await world.ask(CASES['the owner’s limit'])
  const id = answered.get('x-evaluation-id') ?? ''
  while (!text.includes(id)) text += (await reader?.read())?.value ?? ''
  end.abort()
  expect(text).toContain('price_above_limit')
  expect(text).not.toMatch(new RegExp(`${A_LIMIT}|${PRICE}`, 'u'))
})

describe('which personas somebody holds is not for an agent to try out', () => {
  const NAMES = ['traveler/family', 'traveler/nobodys', 'visitor/suspended', 'no persona'] as const
  const asked = async (as: TokenClaims, actor: 'X' | 'X2', persona: string, resource?: object) => {
    const question = suite.world.question({ subject: 'A', actor, action: 'read' })
    const properties = { ...question.subject.properties, persona }
    const body = { ...question, subject: { ...question.subject, properties }, ...(resource ? { resource } : {}) }
    return suite.tpdp.call('POST', '/access/v1/evaluation', { as, body })
  }
  const comparable = ({ body }: Answer) => {
    const { evaluation_id: _id, evaluated_at: _at, ...rest } = body.context
    return rest
  }

  beforeAll(async () => {
    await suite.world.take('A', 'visitor/suspended')
    await suite.world.personaStatus('A', 'visitor/suspended', 'suspended')
  })

  test('neither by its own token, nor by one of theirs, nor in its entries', async () => {
    const { world } = suite
    for (const as of [world.as('X2'), { sub: world.id('A'), azp: world.id('X2') }])
      for (const resource of [undefined, { type: 'workflow', id: 'no-such-trip' }]) {
        const answers = []
        for (const persona of NAMES) answers.push(await asked(as, 'X2', persona, resource))
        const told = answers.map(comparable)
        for (const one of told) expect(one).toEqual(told[0])
        expect(told[0].reasons.map(({ code }: { readonly code: string }) => code)).toEqual(['no_grant'])
        const ids = answers.map(({ body }) => body.context.evaluation_id)
        for (const id of ids) {
          const { body } = await get(`/v1/decisions/${id}`, world.as('X2'))
          expect(body.persona).toBeUndefined()
          expect(JSON.stringify(body)).not.toContain('persona_un')
        }
      }
    const { body } = await get('/v1/decisions?reason=persona_unknown', world.as('X2'))
    expect(body.total).toBe(0)
  })

  test('a service is told all of it, and what of it to pass on', async () => {
    const reasons = async (persona: string) => {
      const { body } = await asked(TRIPS, 'X2', persona)
      return body.context.reasons.map(({ code, code_user = code }: Record<string, string>) => [code, code_user])
    }
    expect(await reasons('traveler/nobodys')).toEqual([
      ['persona_unknown', 'no_grant'],
      ['no_grant', 'no_grant'],
    ])
    expect(await reasons('traveler/family')).toEqual([['no_grant', 'no_grant']])
  })

  test('people see their own', async () => {
    const question = suite.world.question({ subject: 'A', action: 'read' })
    const subject = { ...question.subject, properties: { persona: 'traveler/nobodys' } }
    const as = suite.world.as('A')
    const { body } = await suite.tpdp.call('POST', '/access/v1/evaluation', { as, body: { ...question, subject } })
    expect(body.context.reason).toBe('persona_unknown')
  })
})
