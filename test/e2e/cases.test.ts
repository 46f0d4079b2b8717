/**
 * The rows of the scenarios that need a domain service and its enforcement point, as `test/cases/services/*.yaml` tells them: real sign-ins, real
 * tokens, a real OpenFGA that is really stopped.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Session, signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { startTestStack, type TestStack } from '../setup/e2e.ts'

const FILE = fileURLToPath(new URL('../cases/services/services.yaml', import.meta.url))
const AUDITOR = fileURLToPath(new URL('../../auditor/src/main.ts', import.meta.url))
const run = promisify(execFile)

const name = z.enum(['carlo', 'yannick'])
const grantStep = z.strictObject({
  grant: z.strictObject({
    from: name,
    to: name,
    actions: z.array(z.string()),
    limits: z.array(z.looseObject({ attribute: z.string() })).optional(),
  }),
})
const askStep = z.strictObject({
  'at trips': z.string().regex(/^(carlo|yannick) (executes|reads|dry-runs) (the trip|hotel|dinner|flight)$/u),
  /** The client that brings the token, when that is not the desktop. */
  through: z.literal('booking-agent').optional(),
  status: z.int().default(200),
  code: z.string().optional(),
  decisions: z.record(z.string(), z.string()).optional(),
  booked: z.array(z.string()).optional(),
  logged: z.strictObject({ kind: z.string(), code: z.string() }).optional(),
})
const serverStep = z.union([
  z.strictObject({ stop: z.literal('openfga') }),
  z.strictObject({ start: z.literal('openfga') }),
])
const casesSchema = z.array(
  z.strictObject({
    row: z.string(),
    case: z.string(),
    given: z.array(grantStep),
    when: z.array(z.union([askStep, serverStep])),
  }),
)
type Ask = z.infer<typeof askStep>
type Name = z.infer<typeof name>

const cases = casesSchema.parse(parse(readFileSync(FILE, 'utf8')))
const PERSONA = { carlo: 'traveler/family', yannick: 'travel-agent/acme' } as const
const tripSchema = z.looseObject({
  id: z.string(),
  items: z.array(z.looseObject({ id: z.string(), name: z.string(), status: z.string() })),
})

let stack: TestStack
const sessions = new Map<string, Session>()

async function sessionOf(who: string): Promise<Session> {
  const known = sessions.get(who)
  if (known) return known
  const login = stack.people[who] ?? expect.unreachable(who)
  const scopes = ['pdp', 'trips', 'booking-agent']
  const session = await signIn({ issuer: stack.issuer, clientId: 'desktop', scopes, openBrowser: formBrowser(login) })
  sessions.set(who, session)
  return session
}

interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers by path and assert on every step of it
  readonly body: any
}

async function send(token: string, base: string, route: string, persona?: string, body?: unknown): Promise<Reply> {
  const [method = '', path = ''] = route.split(' ')
  const response = await fetch(base + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(persona ? { 'mandate-persona': persona } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text ? JSON.parse(text) : undefined }
}

const pdp = async (who: string, route: string, body?: unknown): Promise<Reply> =>
  send(await (await sessionOf(who)).tokenFor('pdp'), stack.urls.pdp, route, undefined, body)
const trips = async (who: Name, route: string, body?: unknown, token?: string): Promise<Reply> =>
  send(token ?? (await (await sessionOf(who)).tokenFor('trips')), stack.urls.trips, route, PERSONA[who], body)

/** The person's token for trips, exchanged by a client that nobody registered as an agent here: their sub, and its `azp`. */
async function tokenThroughAgent(who: Name): Promise<string> {
  const secret = stack.clientSecrets['booking-agent'] ?? expect.unreachable('no secret of the agent')
  const response = await fetch(`${stack.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`booking-agent:${encodeURIComponent(secret)}`)}` },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await (await sessionOf(who)).tokenFor('booking-agent'),
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'trips',
      audience: 'trips',
    }),
  })
  const { access_token: token } = z.looseObject({ access_token: z.string() }).parse(await response.json())
  return token
}

beforeAll(async () => {
  stack = await startTestStack({ services: ['pdp', 'trips'] })
  for (const who of ['carlo', 'yannick'] as const) {
    const [title, circle] = PERSONA[who].split('/')
    const { body } = await pdp(who, 'POST /v1/personas', { title, circle })
    if (body.status === 'pending')
      expect((await pdp('petra', `PATCH /v1/personas/${body.id}`, { status: 'active' })).status).toBe(200)
  }
})
afterAll(() => stack?.stop())

/** What Carlo's new trip of this case is. */
type Trip = z.infer<typeof tripSchema>

async function askTrips(trip: Trip, step: Ask, index: number): Promise<void> {
  const [who, verb, ...what] = step['at trips'].split(' ') as [Name, 'executes' | 'reads' | 'dry-runs', ...string[]]
  const item = trip.items.find((one) => one.name === what.join(' '))
  const base = item ? `/workflows/${trip.id}/items/${item.id}` : `/workflows/${trip.id}`
  const route = verb === 'reads' ? `GET ${base}` : `POST ${base}/${verb === 'executes' ? 'execute' : 'dry-run'}`
  const token = step.through ? await tokenThroughAgent(who) : undefined
  const { status, body } = await trips(who, route, verb === 'reads' ? undefined : {}, token)
  const where = `when[${index}] ${JSON.stringify(body)}`
  expect(status, where).toBe(step.status)
  if (step.code) expect(body.code, where).toBe(step.code)
  if (step.decisions) expect(decisionsIn(trip, body.items), where).toEqual(step.decisions)
  if (step.booked) {
    const booked = tripSchema.parse(body).items.filter((one) => one.status !== 'planned')
    expect(booked.map((one) => one.name).sort(), where).toEqual(step.booked)
  }
  if (step.logged) await expectLogged(step.logged)
}

/** Item name to primary reason, whether the answer names items by id or as resources. */
function decisionsIn(
  trip: Trip,
  items: readonly Readonly<Record<string, unknown>>[],
): Readonly<Record<string, unknown>> {
  const idOf = (one: Readonly<Record<string, unknown>>): unknown =>
    one['item'] ?? (one['resource'] as { readonly id: string }).id
  return Object.fromEntries(items.map((one) => [trip.items.find(({ id }) => id === idOf(one))?.name, one['reason']]))
}

async function expectLogged({ kind, code }: { readonly kind: string; readonly code: string }): Promise<void> {
  const { stdout } = await run(process.execPath, [AUDITOR, 'query', '--dir', stack.log, '--kind', kind, '--json'])
  expect(stdout).toContain(`"code":"${code}"`)
}

for (const played of cases) {
  test(`row ${played.row}: ${played.case}`, async () => {
    const made = await trips('carlo', 'POST /workflows', { template: 'milan' })
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    const trip = tripSchema.parse(made.body)
    for (const { grant } of played.given) {
      const { from, to, ...terms } = grant
      const delegate = `user:${(await sessionOf(to)).subject}`
      const body = { delegate, delegator_persona: PERSONA[from], scope: `workflow:${trip.id}`, ...terms }
      expect((await pdp(from, 'POST /v1/grants', body)).status).toBe(201)
    }
    for (const [index, step] of played.when.entries()) {
      if ('stop' in step) await stack.openFga.kill()
      else if ('start' in step) {
        await stack.openFga.restart()
        await expect.poll(async () => (await fetch(`${stack.urls.pdp}/readyz`)).status).toBe(200)
      } else await askTrips(trip, step, index)
    }
  })
}
