/**
 * The best pure OpenFGA model of delegation that was found: authority flows from the owner along conditional edges, and a seat is the index of what a
 * delegate holds. The same chain of three, without a PDP: yes or no, or eight questions at once for the reasons.
 *
 * @module
 */
import openfgaSyntax from '@openfga/syntax-transformer'
import { Pool } from 'undici'
import { send } from '../client.ts'
import type { Place } from './place.ts'
import type { Timed } from './timing.ts'

const MODEL = `model
  schema 1.1
type user
type agent
type persona
  relations
    define holder: [user with persona_valid]
    define consent: [user]
    define price_cap: [user with price_within]
    define lead_time: [user with lead_time_ok]
    define risk_level: [user with risk_ok]
    define autobook: holder and consent and price_cap and lead_time and risk_level
type delegation
  relations
    define delegate: [user, agent]
    define root: [user with link]
    define parent: [delegation with link]
    define inherited: source from parent
    define source: root or inherited
type seat
  relations
    define via: [delegation]
    define source: source from via
type workflow
  relations
    define owner: [user]
    define persona: [persona]
condition link(current_time: timestamp, expires_at: timestamp, action: string, actions: list<string>, workflow: string, scope: list<string>, depth_left: int, path: list<string>) {
  current_time < expires_at && action in actions && (size(scope) == 0 || workflow in scope)
}
condition persona_valid(current_time: timestamp, valid_from: timestamp, valid_to: timestamp) {
  current_time >= valid_from && current_time < valid_to
}
condition price_within(planned_price: double, cap: double, currency: string, cap_currency: string) {
  currency == cap_currency && planned_price <= cap
}
condition lead_time_ok(current_time: timestamp, start_time: timestamp, min_lead: duration) {
  start_time - current_time >= min_lead
}
condition risk_ok(risk: int, max_risk: int) {
  risk <= max_risk
}
`

const DAY_MS = 86_400_000
/** Other people's chains of three, so that the store is not only this one. */
const UNITS = 100
const TUPLES_A_WRITE = 100

interface Tuple {
  readonly user: string
  readonly relation: string
  readonly object: string
  readonly condition?: { readonly name: string; readonly context: object }
}

/** A chain of `length` on workflow `w`, from `owner`; the last delegate's seat is `seat:<w>|<last>`. */
export function chainTuples(w: string, owner: string, delegates: readonly string[]): readonly Tuple[] {
  const expires_at = new Date(Date.now() + 30 * DAY_MS).toISOString()
  const path = delegates.map((_, at) => `${w}-d${at}`)
  return delegates.flatMap((delegate, at): readonly Tuple[] => {
    const object = `delegation:${path[at]}`
    const depth_left = delegates.length - at
    const context = { expires_at, actions: ['read', 'execute'], scope: [w], depth_left, path: path.slice(0, at + 1) }
    const from =
      at === 0
        ? { user: `user:${owner}`, relation: 'root' }
        : { user: `delegation:${path[at - 1]}`, relation: 'parent' }
    return [
      { ...from, object, condition: { name: 'link', context } },
      { user: `user:${delegate}`, relation: 'delegate', object },
      { user: object, relation: 'via', object: `seat:${w}|${delegate}` },
    ]
  })
}

function personaTuples(owner: string): readonly Tuple[] {
  const object = `persona:${owner}`
  const user = `user:${owner}`
  const valid = { valid_from: '2020-01-01T00:00:00Z', valid_to: '2100-01-01T00:00:00Z' }
  return [
    { user, relation: 'holder', object, condition: { name: 'persona_valid', context: valid } },
    { user, relation: 'consent', object },
    {
      user,
      relation: 'price_cap',
      object,
      condition: { name: 'price_within', context: { cap: 5_000, cap_currency: 'EUR' } },
    },
    { user, relation: 'lead_time', object, condition: { name: 'lead_time_ok', context: { min_lead: '168h' } } },
    { user, relation: 'risk_level', object, condition: { name: 'risk_ok', context: { max_risk: 5 } } },
  ]
}

function unitTuples(n: number): readonly Tuple[] {
  const [owner, w] = [`o${n}`, `w${n}`]
  return [
    { user: `user:${owner}`, relation: 'owner', object: `workflow:${w}` },
    ...personaTuples(owner),
    ...[1, 3, 5].flatMap((length) =>
      chainTuples(
        `${w}c${length}`,
        owner,
        Array.from({ length }, (_, at) => `u${n}-${length}-${at}`),
      ),
    ),
  ]
}

/** Makes a store of its own in the OpenFGA that the PDP uses too. */
export async function preparePure({ openFga, onShutdown, analyze }: Place): Promise<PureOpenFga> {
  const pool = new Pool(openFga.url, { connections: 64 })
  onShutdown(() => pool.destroy())
  const post = async (path: string, body: object): Promise<Readonly<Record<string, unknown>>> => {
    const headers = { authorization: `Bearer ${openFga.apiToken}`, 'content-type': 'application/json' }
    const answer = await fetch(openFga.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`bench: ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Readonly<Record<string, unknown>>
  }
  const store = `/stores/${(await post('/stores', { name: 'pure' }))['id']}`
  const program = openfgaSyntax.transformer.transformDSLToJSONObject(MODEL)
  const model = String((await post(`${store}/authorization-models`, program))['authorization_model_id'])
  const tuples = Array.from({ length: UNITS }, (_, n) => unitTuples(n)).flat()
  for (let from = 0; from < tuples.length; from += TUPLES_A_WRITE)
    await post(`${store}/write`, { writes: { tuple_keys: tuples.slice(from, from + TUPLES_A_WRITE) } })
  await analyze()
  const ask = async (path: string, body: string) => await send(pool, `${store}/${path}`, openFga.apiToken, body)
  return { model, ask, pid: openFga.pid }
}

export interface PureOpenFga {
  readonly model: string
  readonly ask: (path: string, body: string) => Promise<Readonly<Record<string, unknown>>>
  readonly pid: () => number | undefined
}

/** Whose chain is asked about: the middle one. */
const ASKED = UNITS / 2

interface Question {
  readonly user: string
  readonly relation: string
  readonly object: string
}

/** `Check` of one tuple, `Check` of a chain, and the eight questions that a decision with every reason needs. */
export function pureCases(pure: PureOpenFga): {
  readonly tuple: Timed
  readonly chain: (length: 1 | 3 | 5) => Timed
  readonly explained: Timed
} {
  const [owner, w] = [`user:o${ASKED}`, `w${ASKED}`]
  const common = { authorization_model_id: pure.model, consistency: 'HIGHER_CONSISTENCY' }
  const context = (workflow: string) => ({
    ...{ current_time: new Date().toISOString(), action: 'execute', workflow },
    ...{ planned_price: 4_000, currency: 'EUR', risk: 2 },
    start_time: new Date(Date.now() + 60 * DAY_MS).toISOString(),
  })
  const seatOf = (length: number) => `seat:${w}c${length}|u${ASKED}-${length}-${length - 1}`
  const pids = (): readonly number[] => [pure.pid() ?? 0]
  const check = (name: string, key: Question, workflow: string): Timed => ({
    system: 'OpenFGA',
    name,
    pids,
    once: async () => {
      const body = JSON.stringify({ ...common, tuple_key: key, context: context(workflow) })
      const answer = await pure.ask('check', body)
      if (answer['allowed'] !== true) throw new Error(`bench: ${name}: ${JSON.stringify(answer)}`)
    },
  })
  return {
    tuple: check('Check of one tuple', { user: owner, relation: 'owner', object: `workflow:${w}` }, w),
    chain: (length) =>
      check(
        `Check of a chain of ${length}`,
        { user: owner, relation: 'source', object: seatOf(length) },
        `${w}c${length}`,
      ),
    explained: {
      system: 'OpenFGA',
      name: 'BatchCheck of a chain of 3, every reason',
      pids,
      once: () => explain(pure, { owner, w, seat: seatOf(3), common, context: context(`${w}c3`) }),
    },
  }
}

interface Explained {
  readonly owner: string
  readonly w: string
  readonly seat: string
  readonly common: object
  readonly context: object
}

async function explain(pure: PureOpenFga, { owner, w, seat, common, context }: Explained): Promise<void> {
  const persona = `persona:o${ASKED}`
  const questions: readonly Question[] = [
    { user: `user:u${ASKED}-3-2`, relation: 'owner', object: `workflow:${w}` },
    { user: owner, relation: 'source', object: seat },
    { user: owner, relation: 'source', object: `seat:account-${w}|u${ASKED}-3-2` },
    ...['holder', 'consent', 'price_cap', 'lead_time', 'risk_level'].map((relation) => ({
      user: owner,
      relation,
      object: persona,
    })),
  ]
  const checks = questions.map((tuple_key, at) => ({ tuple_key, context, correlation_id: String(at) }))
  const answer = await pure.ask('batch-check', JSON.stringify({ ...common, checks }))
  const result = answer['result'] as Readonly<Record<string, { readonly allowed?: boolean }>>
  const allowed = questions.map((_, at) => result[at]?.allowed === true)
  if (JSON.stringify(allowed) !== '[false,true,false,true,true,true,true,true]')
    throw new Error(`bench: explained BatchCheck: ${JSON.stringify(answer).slice(0, 500)}`)
}
