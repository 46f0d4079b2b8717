/**
 * The facts that the new-enemy test changes, each with the decision that depends on it alone. Each has a world of its own, so that they do not
 * affect each other, and is changed by one writer at a time.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { type Answer, TRIPS } from '../fixtures/pdp.ts'
import { type Ask, AUTONOMY, World } from '../fixtures/world.ts'
import { History } from './history.ts'
import type { Random } from './random.ts'
import type { Stage } from './stage.ts'

/** Sends one request to the PDP that was chosen for the operation. */
type Call = World['tpdp']['call']

/** A decision that is asked, and the history that judges it. */
export interface Question {
  readonly history: History
  /** The decision is compared with the negated history: of two facts, the other is true. */
  readonly isNegated?: boolean
  ask(): Promise<Answer>
}

/** One change of a slot. `send` may take several requests; the first that is not 2xx is the answer. */
export interface Operation {
  readonly name: string
  readonly value: boolean
  send(): Promise<Answer>
  /** Runs when the change was answered as done. */
  done?(answer: Answer): void
}

export interface Slot {
  readonly name: string
  /** Judged as torn: no change of the slot ever changes this decision. */
  readonly isConstant?: boolean
  current(): History
  next(): Operation
  /** After a change without an outcome: changes that lead to a known state, tried in turn until one is done. */
  readonly settling: () => readonly Operation[]
  question(random: Random): Question
}

/** Chooses the PDP of the requests that an operation sends. */
export class Route {
  readonly #stage: Stage
  /** The PDP of the next request. Read when the request begins, so set it in the same turn. */
  index = 0
  /** Repeats what is refused. Set-up needs it without the read barrier, since a PDP does not see at once what it stored itself. */
  isPatient = true

  constructor(stage: Stage) {
    this.#stage = stage
  }

  readonly call: Call = async (...request) => {
    const pdp = this.#stage.pdps[this.index]
    if (!pdp) throw new RangeError(`there is no PDP ${this.index}`)
    for (let left = REPEATS; ; left -= 1) {
      const answer = await pdp.call(...request)
      if (!this.isPatient || answer.status < 400 || left === 0) return answer
      await delay(REPEAT_MS)
    }
  }
}

const REPEATS = 30
const REPEAT_MS = 100

export type Making = (world: World, stage: Stage, route: Route) => Promise<Slot>

const FLIGHT = { action: 'execute', item: 'flight' } as const
const RECORDS: TokenClaims = { sub: 'service-account-records', azp: 'records', svc: 'records' }
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Switches on and off by one request, which may be repeated. */
export function toggled(
  name: string,
  send: (value: boolean) => Promise<Answer>,
  ask: () => Promise<Answer>,
  more: Partial<Slot> = {},
): Slot {
  const history = new History(true)
  const operation = (value: boolean): Operation => ({
    name: `${name} ${value ? 'on' : 'off'}`,
    value,
    send: () => send(value),
  })
  return {
    name,
    current: () => history,
    next: () => operation(!(history.changes.at(-1)?.value ?? true)),
    settling: () => [operation(false), operation(true)],
    question: () => ({ history, ask }),
    ...more,
  }
}

export const ask = (world: World, question: Ask) => () => world.ask(question)

export async function must(answer: Promise<Answer>): Promise<Answer> {
  const got = await answer
  if (got.status >= 300) throw new Error(`set-up failed: ${got.status} ${got.text}`)
  return got
}

const grant: Making = async (world) => {
  await world.begin((name) => name === 'B')
  const give = { from: 'A', to: 'B', name: 'ab', actions: ['execute'] } as const
  await must(world.grant(give))
  const send = (value: boolean) => (value ? world.grant(give) : world.revoke('ab', 'A'))
  return toggled('grant', send, ask(world, { subject: 'B', ...FLIGHT }), { settling: withdrawing(world, 'B') })
}

/** Revokes every grant of A on the trip; done when the list has none. */
export const withdrawing =
  (world: World, to: string): Slot['settling'] =>
  () => [
    {
      name: `grants to ${to} withdrawn`,
      value: false,
      send: async () => {
        const path = `/v1/grants?delegator=${world.ref('A')}`
        const list = await world.call('GET', path, world.as('A'))
        if (list.status !== 200 || list.body.items.length === 0) return list
        for (const { id } of list.body.items) {
          world.named.set('unsettled', id)
          const revoked = await world.revoke('unsettled', 'A')
          if (revoked.status !== 200 && revoked.status !== 404) return revoked
        }
        return world
          .call('GET', path, world.as('A'))
          .then((left) => (left.body?.items?.length === 0 ? left : { ...left, status: 503 }))
      },
    },
  ]

const chain: Making = async (world) => {
  await world.begin((name) => name === 'B' || name === 'C')
  const give = async (): Promise<Answer> => {
    const first = await world.grant({ from: 'A', to: 'B', name: 'ab', actions: ['execute'], redelegations: 1 })
    if (first.status >= 300) return first
    return world.grant({ from: 'B', to: 'C', name: 'bc', actions: ['execute'], parent: 'ab' })
  }
  await must(give())
  const send = (value: boolean) => (value ? give() : world.revoke('ab', 'A'))
  return toggled('chain', send, ask(world, { subject: 'C', ...FLIGHT }), { settling: withdrawing(world, 'B') })
}

const persona: Making = async (world) => {
  await world.begin((name) => name === 'B')
  await must(world.grant({ from: 'A', to: 'B', name: 'ab', actions: ['execute'] }))
  const send = (value: boolean) =>
    world.patchPersona(
      'B',
      'travel-agent/acme',
      { status: value ? 'active' : 'suspended' },
      world.staff('persona-admin'),
    )
  return toggled('persona', send, ask(world, { subject: 'B', ...FLIGHT }))
}

const agent: Making = async (world) => {
  await world.begin((name) => name === 'X')
  await must(world.grant({ from: 'A', to: 'X', name: 'ax', actions: ['execute'], unattended: true }))
  const send = (value: boolean) =>
    world.call('PATCH', `/v1/agents/${world.id('X')}`, world.staff('operator'), {
      status: value ? 'active' : 'suspended',
    })
  return toggled('agent', send, ask(world, { subject: 'X', ...FLIGHT }))
}

const consent: Making = async (world) => {
  await world.begin((name) => name === 'X')
  await must(world.grant({ from: 'A', to: 'X', name: 'ax', actions: ['execute'], unattended: true }))
  const send = (value: boolean) =>
    world.patchPersona('A', 'traveler/family', { autonomy: { ...AUTONOMY, consent: value } })
  return toggled('consent', send, ask(world, { subject: 'X', ...FLIGHT }))
}

/** A trip that goes to and fro; one of both owns it at any time. */
const owner: Making = async (world) => {
  await world.begin((name) => name === 'D')
  const slot = toggled(
    'owner',
    (value) => world.transfer('T', value ? 'A' : 'D'),
    ask(world, { subject: 'A', ...FLIGHT }),
  )
  const other = { history: slot.current(), isNegated: true, ask: ask(world, { subject: 'D', ...FLIGHT }) }
  return { ...slot, question: (random) => (random.next() < 0.5 ? slot.question(random) : other) }
}

const fact: Making = async (world) => {
  const reads = { subject: { type: 'user', id: world.id('A') }, relation: 'reader', resource: recordOf(world) }
  const send = (value: boolean) => facts(world, value ? { write: [reads] } : { remove: [reads] })
  await must(send(true))
  const body = { subject: reads.subject, action: { name: 'read' }, resource: reads.resource }
  return toggled('fact', send, () => world.call('POST', '/access/v1/evaluation', RECORDS, body))
}

const recordOf = (world: World) => ({ type: 'record', id: `record-${world.tag}` })

const facts = (world: World, change: object): Promise<Answer> =>
  world.call('POST', '/v1/facts', RECORDS, { domain: 'certification', ...change })

/** The writer may write what is active; status and writer change in one change, and are never both so. */
const factPair: Making = async (world) => {
  const subject = { type: 'user', id: world.id('A') }
  const record = recordOf(world)
  const writer = { subject, relation: 'writer', resource: record, condition: { name: 'on_active' } }
  const status = (value: string) => ({ resource: record, attributes: { status: value } })
  const send = (value: boolean) =>
    facts(world, value ? { write: [status('archived'), writer] } : { write: [status('active')], remove: [writer] })
  await must(send(true))
  const body = { subject, action: { name: 'write' }, resource: record }
  return constant('fact pair', false, send, () => world.call('POST', '/access/v1/evaluation', RECORDS, body))
}

/** A slot whose changes never change its decision. */
function constant(
  name: string,
  decision: boolean,
  send: (value: boolean) => Promise<Answer>,
  asked: () => Promise<Answer>,
  more: Partial<Slot> = {},
): Slot {
  const judged = new History(decision)
  const slot = toggled(name, send, asked)
  return { ...slot, isConstant: true, question: () => ({ history: judged, ask: asked }), ...more }
}

/** Consent with a limit below the price, or no consent with one above: never a permit. */
const settings: Making = async (world) => {
  await world.begin((name) => name === 'X')
  await must(world.grant({ from: 'A', to: 'X', name: 'ax', actions: ['execute'], unattended: true }))
  const autonomy = (value: boolean) => ({
    ...AUTONOMY,
    consent: value,
    limits: { ...AUTONOMY.limits, price: { at_most: value ? 1_000 : 900_000, currency: 'EUR' } },
  })
  const send = (value: boolean) => world.patchPersona('A', 'traveler/family', { autonomy: autonomy(value) })
  await must(send(true))
  return constant('settings pair', false, send, ask(world, { subject: 'X', ...FLIGHT }))
}

/** A grant that is replaced again and again: its delegate has one at any time. */
const replaced: Making = async (world) => {
  await world.begin((name) => name === 'B')
  const first = { from: 'A', to: 'B', name: 'ab', actions: ['execute'] } as const
  await must(world.grant(first))
  let days = 1
  const replace: Operation = {
    name: 'grant replaced',
    value: true,
    send: () => {
      days = (days % 300) + 1
      return world.grant({ ...first, days, replaces: world.named.get('ab') ?? '' })
    },
  }
  // Which grant is in force after an unknown outcome, the list says.
  const look: Operation = {
    name: 'grants listed',
    value: true,
    send: async () => {
      const list = await world.call('GET', `/v1/grants?delegator=${world.ref('A')}`, world.as('A'))
      const live = list.status === 200 ? list.body.items.filter((one: { status: string }) => one.status === 'live') : []
      if (live.length !== 1 || list.body.items.length !== 1) return { ...list, status: 503 }
      world.named.set('ab', live[0].id)
      return list
    },
  }
  const asked = ask(world, { subject: 'B', ...FLIGHT })
  return constant('replaced grant', true, replace.send, asked, { next: () => replace, settling: () => [look] })
}

/** Each session ends once; another one takes its place. */
const session: Making = async (world, stage, route) => {
  await world.begin(() => false)
  let sid = randomUUID()
  let history = new History(true)
  const question = world.question({ subject: 'A', ...FLIGHT })
  const end: Operation = {
    name: 'session ended',
    value: false,
    send: () => logOut(stage, route, world, sid),
  }
  return {
    name: 'session',
    current: () => history,
    next: () => {
      if (history.changes.length > 0) {
        sid = randomUUID()
        history = new History(true)
      }
      return end
    },
    settling: () => [end],
    question: () => {
      const properties = { ...question.subject.properties, sid }
      const body = { ...question, subject: { ...question.subject, properties } }
      return { history, ask: () => world.call('POST', '/access/v1/evaluation', TRIPS, body) }
    },
  }
}

async function logOut(stage: Stage, route: Route, world: World, sid: string): Promise<Answer> {
  const url = stage.pdps[route.index]?.url
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    iss: stage.issuer.issuer,
    aud: 'desktop',
    sub: world.id('A'),
    sid,
    iat: now,
    exp: now + 120,
    jti: randomUUID(),
    events: { [EVENT]: {} },
  }
  const body = new URLSearchParams({ logout_token: await stage.issuer.sign(payload, { typ: 'logout+jwt' }) })
  const response = await fetch(`${url}/backchannel-logout`, { method: 'POST', body })
  return { status: response.status, headers: response.headers, body: undefined, text: await response.text() }
}

/** Each API key is created and deleted once; a caller whose key is deleted gets 401. */
const key: Making = async (world) => {
  await world.begin(() => false)
  let made = { id: '', key: '' }
  let history = new History(false)
  const create: Operation = {
    name: 'API key created',
    value: true,
    send: () =>
      world.call('POST', '/v1/keys', world.staff('operator'), {
        name: 'a gateway',
        types: ['workflow', 'workflow_item'],
        expires_at: new Date(world.tpdp.now() + 86_400_000).toISOString(),
      }),
    done: ({ body }) => {
      made = body
      history = new History(true)
    },
  }
  const remove: Operation = {
    name: 'API key deleted',
    value: false,
    send: () => world.call('DELETE', `/v1/keys/${made.id}`, world.staff('operator')),
    done: () => undefined,
  }
  const first = await must(create.send())
  create.done?.(first)
  const body = world.question({ subject: 'A', ...FLIGHT })
  return {
    name: 'API key',
    current: () => history,
    next: () => (history.changes.at(-1)?.value === false ? create : remove),
    settling: () => (history.changes.some(({ value }) => !value) ? [remove, create] : [create]),
    question: () => {
      const as = made.key
      return { history, ask: () => world.tpdp.call('POST', '/access/v1/evaluation', { as, body }) }
    },
  }
}

/**
 * A person holds a grant until `end` ends it for good; another person, who is new, takes their place.
 *
 * @param end - The last change of a person.
 */
function endedOnce(name: string, end: (person: World) => Promise<Answer>): Making {
  return async (world) => {
    await world.begin(() => false)
    let person = world
    let candidate = world
    let history = new History(false)
    const create: Operation = {
      name: `${name}: another person`,
      value: true,
      send: async () => {
        candidate = new World(world.tpdp)
        const taken = await candidate.take('B', DELEGATE)
        if (taken.status >= 300) return taken
        const active = await candidate.patchPersona('B', DELEGATE, { status: 'active' }, world.staff('persona-admin'))
        if (active.status >= 300) return active
        return world.grant({ from: 'A', to: candidate.ref('B'), actions: ['execute'] })
      },
      done: () => {
        person = candidate
        history = new History(true)
      },
    }
    const last: Operation = { name, value: false, send: () => end(person) }
    create.done?.(await must(create.send()))
    return {
      name,
      current: () => history,
      next: () => (history.changes.at(-1)?.value === false ? create : last),
      settling: () => (history.changes.some(({ value }) => !value) ? [last, create] : [create]),
      question: () => {
        const question = world.question({ subject: 'B', ...FLIGHT })
        const body = { ...question, subject: { ...question.subject, id: person.id('B') } }
        return { history, ask: () => world.call('POST', '/access/v1/evaluation', TRIPS, body) }
      },
    }
  }
}

const DELEGATE = 'travel-agent/acme'
const revokedPersona = endedOnce('persona revoked', (person) =>
  person.patchPersona('B', DELEGATE, { status: 'revoked' }, person.as('B')),
)
const erased = endedOnce('person erased', (person) => person.call('DELETE', '/v1/subjects/me', person.as('B')))

const OWN = 'own: [read, create, update, execute]'

/** Policies with which owners may update their trips, and others: no other slot asks for that. */
const policy: Making = async (world, { travel }) => {
  await world.begin(() => false)
  const operator = world.staff('operator')
  const manifest = join(travel, 'manifest.yaml')
  const text = readFileSync(manifest, 'utf8')
  if (!text.includes(OWN)) throw new Error(`${manifest} has no "${OWN}"`)
  const load = async (contents: string): Promise<string> => {
    writeFileSync(manifest, contents)
    return (await must(world.call('POST', '/v1/policies/load', operator))).body.version
  }
  const without = await load(text.replace(OWN, 'own: [read, create, execute]'))
  const version = { true: await load(text), false: without }
  const send = (value: boolean) =>
    world.call('POST', '/v1/policies/activate', operator, { version: version[value ? 'true' : 'false'] })
  return toggled('policy', send, ask(world, { subject: 'A', action: 'update', item: 'flight' }))
}

const KINDS: readonly Making[] = [
  grant,
  chain,
  persona,
  agent,
  consent,
  owner,
  fact,
  factPair,
  settings,
  replaced,
  session,
  key,
  revokedPersona,
  erased,
]
/** One of each for all copies: they change what all PDPs share. */
const SINGLE_KINDS: readonly Making[] = [policy]

/** Makes `copies` slots of each kind, through the first PDP, one of policies, and one of each of `more`. */
export async function makeSlots(
  stage: Stage,
  route: Route,
  copies: number,
  more: readonly Making[] = [],
): Promise<readonly Slot[]> {
  const slots: Slot[] = []
  for (let copy = 0; copy < copies; copy += 1)
    for (const make of copy === 0 ? [...SINGLE_KINDS, ...more, ...KINDS] : KINDS) {
      const world = new World({ call: route.call, now: Date.now, advance: () => undefined })
      const slot = await make(world, stage, route)
      slots.push({ ...slot, name: `${slot.name} ${copy + 1}` })
    }
  route.isPatient = false
  return slots
}
