/**
 * The demo's story, run through the real APIs: Carlo owns a trip, Yannick may act for him, an agent acts for Yannick, and Ada finds all decisions in the
 * log. The end-to-end tests run the same story and check its outcome.
 *
 * @module
 */
import type { Credentials } from '@mandate/keycloak'
import { moneyText } from '@mandate/protocol'
import { z } from 'zod'
import { StartError } from './errors.ts'
import { type Call, enter, type People, type Person } from './story-client.ts'
import { printDecisions } from './story-table.ts'
import {
  decisionsFound,
  grantSchema,
  listSchema,
  pageSchema,
  personasSchema,
  type Result,
  resultSchema,
  runSchema,
  type StoryResult,
  type StoryRow,
  type Trip,
  tripSchema,
  tripsSchema,
} from './story-wire.ts'

/** Input of the story: addresses and logins of a running stack. */
export interface StoryContext {
  readonly issuer: string
  /** Base URLs. */
  readonly urls: { readonly pdp: string; readonly trips: string; readonly agent: string }
  /** Base URLs of all PDPs, where there are several: each call goes to the next one. @default the one of `urls` */
  readonly pdps?: readonly string[]
  /** Credentials by login name. */
  readonly people: Readonly<Record<string, Credentials>>
  /** Prints one line. */
  readonly out: (line: string) => void
  /** Goes on with Carlo's trip of an earlier story. @default false */
  readonly reuseTrip?: boolean
}

const AGENT = 'booking-agent'
const TRAVELER = 'traveler/family'
const TRAVEL_AGENT = 'travel-agent/acme'
const DAY_MS = 86_400_000
/** Template of trips, which departs 60 days after its creation. */
const MILAN = 'milan'

/** Plays the story once, from sign-in to the log. Throws where a step that must succeed fails. */
export async function tellStory(context: StoryContext): Promise<StoryResult> {
  const { issuer, urls, out } = context
  const people: People = {
    issuer,
    urls: { pdp: context.pdps ?? [urls.pdp], trips: [urls.trips], 'booking-agent': [urls.agent] },
    logins: context.people,
  }
  const at = (name: string) => enter(people, name, 'desktop', ['pdp', 'trips', 'booking-agent'])
  const carlo = await at('carlo')
  const yannick = await at('yannick')
  const sam = await at('sam')
  introduce(out, [carlo, yannick, sam])
  await prepare(people, carlo, yannick, sam, out)

  const trip = (context.reuseTrip && (await earlierTrip(carlo, out))) || (await createTrip(carlo, out))
  const toYannick = await delegate(carlo, yannick, trip, out)
  const names = ['dinner', 'flight', 'hotel']
  const first = await run(yannick, trip, TRAVEL_AGENT, names)
  out(`5  ${AGENT} runs the trip for Yannick`)
  const figures = await asOwnerSees(carlo, trip)
  const stranger = await trespass(sam, carlo, trip)
  out('6  Sam, a stranger with a valid token, tries everything, and asks the agent')
  await carlo.must('pdp', 'POST', `/v1/grants/${toYannick}/revoke`, { body: {} })
  out('7  Carlo revokes his grant to Yannick. Nobody touches the agent’s own grant; its very next item:')
  const followUp = await run(yannick, trip, TRAVEL_AGENT, ['dinner'])

  const told = [
    ...first.map((result) => rowOf('agent for Yannick', result)),
    ...stranger,
    ...followUp.map((result) => rowOf('agent for Yannick', result)),
  ]
  printDecisions(out, told, figures)
  await audit(people, told, toYannick, out)
  return { rows: told, workflow: trip.id, people: { carlo: carlo.sub, yannick: yannick.sub, sam: sam.sub } }
}

/** Carlo's grant to Yannick, and Yannick's to the agent. @returns the id of Carlo's grant. */
async function delegate(carlo: Person, yannick: Person, trip: Trip, out: StoryContext['out']): Promise<string> {
  const toYannick = await grant(carlo, `user:${yannick.sub}`, TRAVELER, trip.id, {
    actions: ['read', 'execute'],
    days: 7,
    redelegations: 1,
  })
  out(`3  Carlo grants Yannick read and execute on it for seven days, one re-delegation: ${toYannick}`)
  const toAgent = await grant(yannick, `agent:${AGENT}`, TRAVEL_AGENT, trip.id, {
    actions: ['execute'],
    days: 1,
    parent: toYannick,
  })
  out(`4  Yannick re-delegates execute to ${AGENT} for one day: ${toAgent}`)
  return toYannick
}

function introduce(out: StoryContext['out'], people: readonly Person[]): void {
  out('Names exist at the issuer alone. Everywhere else people are opaque ids:')
  for (const { name, sub } of people) out(`     ${name.padEnd(8)} ${sub}`)
  out('')
}

/** Creates personas, has them approved, registers the agent, and sets Carlo's autonomy settings. Skips what an earlier start did. */
async function prepare(
  people: People,
  carlo: Person,
  yannick: Person,
  sam: Person,
  out: StoryContext['out'],
): Promise<void> {
  const carlos = await persona(carlo, TRAVELER)
  await persona(sam, 'traveler/other')
  const yannicks = await persona(yannick, TRAVEL_AGENT)
  if (yannicks.status === 'pending') {
    const petra = await enter(people, 'petra', 'desktop', ['pdp'])
    await petra.must('pdp', 'PATCH', `/v1/personas/${yannicks.id}`, { body: { status: 'active' } })
  }
  const olga = await enter(people, 'olga', 'desktop', ['pdp'])
  const agents = listSchema.parse(await olga.must('pdp', 'GET', '/v1/agents'))
  if (!agents.items.some(({ id }) => id === AGENT))
    await olga.must('pdp', 'POST', '/v1/agents', { body: { id: AGENT } })
  out('1  Carlo is a traveler, Yannick a travel agent at acme (approved by Petra); Olga registers the agent')
  const limits = {
    price: { at_most: 410_000, currency: 'EUR' },
    lead_time: { at_least: 7 * 86_400 },
    risk: { at_most: 3 },
  }
  await carlo.must('pdp', 'PATCH', `/v1/personas/${carlos.id}`, { body: { autonomy: { consent: true, limits } } })
  out('   Carlo lets agents act within: 4,100.00 EUR an item, at least 7 days ahead, risk at most 3')
}

async function persona(person: Person, name: string): Promise<{ readonly id: string; readonly status: string }> {
  const [title, circle] = name.split('/')
  const held = personasSchema.parse(await person.must('pdp', 'GET', '/v1/personas'))
  const found = held.items.find((one) => one.title === title && one.circle === circle && one.status !== 'revoked')
  if (found) return found
  const made = await person.must('pdp', 'POST', '/v1/personas', { body: { title, circle } })
  return z.looseObject({ id: z.string(), status: z.string() }).parse(made)
}

/** Carlo's trip of an earlier start, while its dates keep the outcome: a start adds no second Milan. */
async function earlierTrip(carlo: Person, out: StoryContext['out']): Promise<Trip | undefined> {
  const { items } = tripsSchema.parse(await carlo.must('trips', 'GET', '/workflows', { persona: TRAVELER }))
  const found = items.find(
    ({ template, created_at: created }) => template === MILAN && Date.parse(created) > Date.now() - 30 * DAY_MS,
  )
  if (!found) return undefined
  out('2  Carlo has a trip to Milan from an earlier start: hotel 4,200 EUR, dinner 120 EUR, flight 4,000 EUR (risk 2)')
  return tripSchema.parse(await carlo.must('trips', 'GET', `/workflows/${found.id}`, { persona: TRAVELER }))
}

async function createTrip(carlo: Person, out: StoryContext['out']): Promise<Trip> {
  const trip = tripSchema.parse(
    await carlo.must('trips', 'POST', '/workflows', { body: { template: MILAN }, persona: TRAVELER }),
  )
  out('2  Carlo creates a trip to Milan: hotel 4,200 EUR, dinner 120 EUR, flight 4,000 EUR (risk 2)')
  return trip
}

interface Terms {
  readonly actions: readonly string[]
  readonly days: number
  readonly redelegations?: number
  readonly parent?: string
}

async function grant(from: Person, delegate: string, as: string, workflow: string, terms: Terms): Promise<string> {
  const { days, ...rest } = terms
  // Rounded down to the second, so that a child does not expire after its parent.
  const expires = new Date(Math.floor((Date.now() + days * DAY_MS) / 1000) * 1000).toISOString()
  const body = { delegate, delegator_persona: as, scope: `workflow:${workflow}`, expires_at: expires, ...rest }
  return grantSchema.parse(await from.must('pdp', 'POST', '/v1/grants', { body })).id
}

/** Has the agent act on the named items for a person. */
async function run(person: Person, trip: Trip, as: string, names: readonly string[]): Promise<readonly Result[]> {
  const items = names.map((name) => itemOf(trip, name))
  const body = { workflow: trip.id, items }
  const { items: results } = runSchema.parse(await person.must('booking-agent', 'POST', '/runs', { body, persona: as }))
  return items.flatMap((id, index) =>
    results.filter(({ item }) => item === id).map((result) => ({ ...result, name: names[index] ?? id })),
  )
}

function itemOf(trip: Trip, name: string): string {
  const item = trip.items.find((one) => one.name === name)
  if (!item) throw new StartError(`the trip has no ${name}`)
  return item.id
}

/** Amounts behind denials, by evaluation id. Only the owner may see them: Carlo reads his own trip. */
async function asOwnerSees(carlo: Person, trip: Trip): Promise<ReadonlyMap<string, string>> {
  const seen = tripSchema.parse(await carlo.must('trips', 'GET', `/workflows/${trip.id}`, { persona: TRAVELER }))
  const figures = seen.items.flatMap(({ last_attempt: attempt }) => {
    const reason = attempt?.reasons.find(({ limit }) => limit !== undefined)
    if (!attempt || reason?.limit === undefined || reason.actual === undefined) return []
    const shown = (value: number): string => (reason.currency ? moneyText(value, reason.currency) : String(value))
    return [[attempt.evaluation_id, `${shown(reason.actual)}, limit ${shown(reason.limit)}`] as const]
  })
  return new Map(figures)
}

/** Requests by a stranger, which must all be denied. @throws StartError when one succeeds. */
async function trespass(sam: Person, carlo: Person, trip: Trip): Promise<readonly StoryRow[]> {
  const as: Call = { persona: 'traveler/other' }
  const dinner = `/workflows/${trip.id}/items/${itemOf(trip, 'dinner')}`
  const tries = [
    ['read the trip', await sam.call('trips', 'GET', `/workflows/${trip.id}`, as)],
    ['execute dinner', await sam.call('trips', 'POST', `${dinner}/execute`, as)],
    [
      'list Carlo’s grants',
      await sam.call('pdp', 'GET', `/v1/grants?owner=${encodeURIComponent(`user:${carlo.sub}`)}`),
    ],
    [
      'ask about Carlo',
      await sam.call('pdp', 'POST', '/access/v1/evaluation', { body: questionAbout(carlo.sub, trip.id) }),
    ],
  ] as const
  const rows = tries.map(([item, { status, body }]) => {
    if (status < 400) throw new StartError(`Sam could ${item}: ${status}`)
    return rowOf('Sam', {
      ...resultSchema.parse({ decision: false, item: '', ...reasonsIn(body), ...body }),
      name: item,
    })
  })
  const asked = await run(sam, trip, 'traveler/other', ['dinner'])
  if (asked.some(({ decision }) => decision)) throw new StartError('the agent acted for Sam')
  return [...rows, ...asked.map((result) => rowOf('agent for Sam', result))]
}

/** Reasons of a refusal: a PEP sends `reasons`, the PDP itself a problem `code`. */
function reasonsIn(body: Readonly<Record<string, unknown>>): {
  readonly reasons?: readonly { readonly code: string }[]
} {
  return Array.isArray(body['reasons']) || typeof body['code'] !== 'string' ? {} : { reasons: [{ code: body['code'] }] }
}

const questionAbout = (sub: string, workflow: string) => ({
  subject: { type: 'user', id: sub, properties: { persona: TRAVELER } },
  action: { name: 'read' },
  resource: { type: 'workflow', id: workflow },
})

function rowOf(
  who: string,
  { name = '', decision, reasons, chain, evaluation_id: evaluationId }: Result & { readonly name?: string | undefined },
): StoryRow {
  const [first] = chain
  const parties = first ? [first.delegator, ...chain.map(({ delegate }) => delegate)] : []
  return { who, item: name, decision, reasons: reasons.map(({ code }) => code), chain: parties, evaluationId }
}

/** Finds the story's decisions in the log, by a member of their chains. The log has pseudonyms, and no `sub`. */
async function audit(
  people: People,
  told: readonly StoryRow[],
  grant: string,
  out: StoryContext['out'],
): Promise<void> {
  const ada = await enter(people, 'ada', 'mandate-cli', ['pdp'])
  const booked = told.find(({ decision }) => decision)
  const entry = pageSchema.shape.entries.element.parse(
    await ada.must('pdp', 'GET', `/v1/decisions/${booked?.evaluationId}`),
  )
  const middleman = entry.chain[0]?.delegate ?? ''
  const page = pageSchema.parse(
    await ada.must('pdp', 'GET', `/v1/decisions?member=${encodeURIComponent(middleman)}&limit=1000`),
  )
  const found = told.filter(
    ({ evaluationId, chain }) => chain.length > 0 && page.entries.some(({ id }) => id === evaluationId),
  )
  if (found.length === 0) throw new StartError('the auditor finds nothing of what happened')
  out(`8  Ada, the auditor, asks the log who acted through ${middleman}:`)
  out(`   ${decisionsFound(page, grant)}`)
}
