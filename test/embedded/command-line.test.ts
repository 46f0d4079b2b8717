/**
 * `mandate` on a running PDP and issuer: what people, operators, services and auditors do with it.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Stack } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startEmbeddedStack } from '../setup/e2e.ts'
import { openTerminal, type Ran, type Terminal } from '../support/command-line.ts'

const AGENT = 'booking-agent'
const TRIP = 'workflow:milan'
const FLIGHT = 'workflow_item:flight'

let stack: Stack
const terminals = new Map<string, Terminal>()
beforeAll(async () => {
  stack = await startEmbeddedStack({ services: ['pdp'] })
})
afterAll(async () => {
  for (const { remove } of terminals.values()) remove()
  await stack?.stop()
})

const environment = () => ({ MANDATE_PDP: stack.urls.pdp, MANDATE_ISSUER: stack.issuer })

/** The terminal of a person of the demo, who signs in when it is first used. */
async function of(name: string): Promise<Terminal> {
  const known = terminals.get(name)
  if (known) return known
  const terminal = openTerminal(environment(), stack.people[name])
  terminals.set(name, terminal)
  expect(await terminal.mandate('login')).toMatchObject({ exit: 0 })
  return terminal
}

/** The terminal of a service, with its secret in the environment. */
function ofService(clientId: 'trips' | 'booking-agent'): Terminal {
  const secret = { MANDATE_CLIENT_ID: clientId, MANDATE_CLIENT_SECRET: stack.clientSecrets[clientId] }
  const terminal = openTerminal({ ...environment(), ...secret })
  onTestFinished(terminal.remove)
  return terminal
}

/** Commands whose output a person reads, by test: `MANDATE_SHOW_OUTPUT=1` prints them. */
function shown(ran: Ran): Ran {
  if (process.env['MANDATE_SHOW_OUTPUT']) process.stderr.write(`\n$ exit ${ran.exit}\n${ran.out}${ran.err}`)
  return ran
}

describe('sign-in', () => {
  test('keeps the session in a private file, and shows who one is', async () => {
    const { mandate, json, folder } = await of('olga')
    const file = join(folder, 'mandate/sessions/default.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const { out } = shown(await mandate('whoami'))
    const me = await json('whoami')
    expect(me).toMatchObject({ pdp: stack.urls.pdp, issuer: stack.issuer, client: 'mandate-cli', roles: ['operator'] })
    expect(out).toContain(me.party)
    expect(me).not.toHaveProperty('name')
    expect(me.sign_in).toMatchObject({ profile: 'default', methods: ['pwd', 'otp'] })
    expect(out).toMatch(/^name +not known: .*--name NAME$/mu)
    expect(out).toMatch(/^sign-in +profile default, since 2.* UTC, with password and one-time code$/mu)
    const { refreshToken, access } = JSON.parse(readFileSync(file, 'utf8'))
    for (const secret of [refreshToken, access.token]) expect(out).not.toContain(secret)
  })

  test('of commands at once, one refreshes the session, and all go on', async () => {
    const { mandate, folder } = openTerminal(environment(), stack.people['sam'])
    await mandate('login')
    const file = join(folder, 'mandate/sessions/default.json')
    const kept = () => JSON.parse(readFileSync(file, 'utf8'))
    const { access: _, ...stale } = kept()
    const { writeAtomically } = await import('@mandate/service/private-files')
    writeAtomically(file, JSON.stringify(stale))
    const ran = await Promise.all(Array.from({ length: 4 }, () => mandate('persona list')))
    expect(ran.map(({ exit }) => exit)).toEqual([0, 0, 0, 0])
    expect(kept().refreshToken).not.toBe(stale.refreshToken)
    expect(await mandate('persona list')).toMatchObject({ exit: 0 })
    expect(await mandate('logout')).toMatchObject({ exit: 0, out: expect.stringContaining('Signed out') })
    expect(existsSync(file)).toBe(false)
    const after = shown(await mandate('persona list'))
    expect(after).toMatchObject({ exit: 77, out: '', err: expect.stringContaining('mandate login') })
  })

  test('a session that the identity provider ended says so, and is forgotten', async () => {
    const { mandate, folder, remove } = openTerminal(environment(), stack.people['sam'])
    onTestFinished(remove)
    await mandate('login')
    const file = join(folder, 'mandate/sessions/default.json')
    const { access: _, ...stale } = JSON.parse(readFileSync(file, 'utf8'))
    const { writeAtomically } = await import('@mandate/service/private-files')
    writeAtomically(file, JSON.stringify({ ...stale, refreshToken: 'used-up' }))
    expect(shown(await mandate('whoami'))).toMatchObject({ exit: 77, err: expect.stringContaining('has ended') })
    expect(existsSync(file)).toBe(false)
  })

  test('a token is sent to no other PDP, and to none in plain HTTP elsewhere', async () => {
    const { mandate } = await of('olga')
    expect(shown(await mandate('whoami --pdp http://127.0.0.1:9'))).toMatchObject({ exit: 77 })
    expect(shown(await mandate('whoami --pdp http://pdp.example'))).toMatchObject({ exit: 64 })
  })

  test('a token for a service that was asked for is in a private file, and nowhere else', async () => {
    const { mandate, folder, remove } = openTerminal(environment(), stack.people['sam'])
    onTestFinished(remove)
    await mandate('login --scope trips')
    const file = join(folder, 'trips.header')
    const written = shown(await mandate(`token trips --out ${file} --header`))
    expect(written).toMatchObject({ exit: 0 })
    const [, token = ''] = /^authorization: Bearer (\S+)\n$/u.exec(readFileSync(file, 'utf8')) ?? []
    expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({ aud: 'trips' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(written.out + written.err).not.toContain(token)
    expect(shown(await mandate(`token care --out ${file}`))).toMatchObject({ exit: 77 })
    expect(await mandate('whoami')).toMatchObject({ exit: 0 })
  })

  test('a code on another device signs in, where the client has that', async () => {
    const { mandate, remove } = openTerminal(environment(), stack.people['sam'])
    onTestFinished(remove)
    expect(shown(await mandate('login --device --name Sam'))).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^name +Sam$/mu),
    })
    expect(await mandate('login', '--name', ' ')).toMatchObject({ exit: 64 })
    expect(await mandate('persona list')).toMatchObject({ exit: 0 })
    const ran = shown(await mandate('login --device --client desktop'))
    expect(ran).toMatchObject({ exit: 77, err: expect.stringContaining('Sign in without --device') })
  })
})

describe('from an agent and a persona to a permit', () => {
  let owner: string
  let grant: string
  let evaluation: string

  test('operators register agents', async () => {
    const { mandate, json } = await of('olga')
    expect(shown(await mandate(`agent add ${AGENT}`))).toMatchObject({ exit: 0 })
    expect(await json('agent list')).toMatchObject([{ id: AGENT, status: 'active' }])
    shown(await mandate('agent list'))
    expect(shown(await mandate('agent suspend nobody'))).toMatchObject({ exit: 66 })
    expect(shown(await mandate('agent suspend'))).toMatchObject({ exit: 64 })
    const { mandate: asCarlo } = await of('carlo')
    expect(shown(await asCarlo('agent list'))).toMatchObject({ exit: 77, err: expect.stringContaining('whoami') })
  })

  test('operators suspend all agents at once, and resume them one by one', async () => {
    const { mandate, json } = await of('olga')
    expect(shown(await mandate('agent add other-agent'))).toMatchObject({ exit: 0 })
    expect(await json('agent suspend --all')).toMatchObject([{ status: 'suspended' }, { status: 'suspended' }])
    expect((await json('agent list')).map(({ status }: { status: string }) => status)).toEqual([
      'suspended',
      'suspended',
    ])
    expect(shown(await mandate('agent suspend --all'))).toMatchObject({ exit: 0, out: 'No agent is active.\n' })
    expect(shown(await mandate(`agent resume ${AGENT}`))).toMatchObject({ exit: 0 })
  })

  test('people take personas, and administrators approve those that need it', async () => {
    const carlo = await of('carlo')
    owner = (await carlo.json('whoami')).party
    expect(shown(await carlo.mandate('persona request traveller/family'))).toMatchObject({
      exit: 64,
      err: 'There is no title traveller. Did you mean traveler?\n',
    })
    shown(await carlo.mandate('persona titles'))
    expect(shown(await carlo.mandate('persona request traveler/family'))).toMatchObject({ exit: 0 })
    const yannick = await of('yannick')
    expect(shown(await yannick.mandate('persona request travel-agent/acme'))).toMatchObject({ exit: 0 })
    const petra = await of('petra')
    shown(await petra.mandate('persona list --waiting'))
    expect(shown(await petra.mandate('persona approve travel-agent/acme'))).toMatchObject({ exit: 0 })
    expect(await yannick.json('persona list')).toMatchObject([{ title: 'travel-agent', status: 'active' }])
    shown(await carlo.mandate('persona list'))
  })

  test('a service registers what somebody owns, by its own token', async () => {
    const trips = ofService('trips')
    const registered = await trips.mandate(`resource register ${TRIP} --owner ${owner} --persona traveler/family`)
    expect(shown(registered)).toMatchObject({ exit: 0 })
    expect(await trips.mandate(`resource register ${FLIGHT} --parent ${TRIP}`)).toMatchObject({ exit: 0 })
    expect(await trips.json(`resource show ${FLIGHT}`)).toMatchObject({ owner, parent: TRIP })
    expect(shown(await trips.mandate('resource show workflow_itm:flight'))).toMatchObject({
      exit: 64,
      err: expect.stringContaining('Did you mean workflow_item?'),
    })
    const without = openTerminal({ ...environment(), MANDATE_CLIENT_ID: 'trips', MANDATE_CLIENT_SECRET: 'wrong' })
    onTestFinished(without.remove)
    expect(shown(await without.mandate(`resource show ${TRIP}`))).toMatchObject({ exit: 77 })
  })

  test('settings are those of the manifest’s gates', async () => {
    const { mandate, json } = await of('carlo')
    const missing = shown(await mandate('settings set traveler/family --consent yes --limit risk=3'))
    expect(missing).toMatchObject({ exit: 64, err: expect.stringContaining('--limit lead_time=') })
    expect(shown(await mandate('settings set traveler/family --limit rsk=3'))).toMatchObject({
      exit: 64,
      err: expect.stringContaining('Did you mean risk?'),
    })
    expect(shown(await mandate('settings set traveler/family --limit price=much'))).toMatchObject({ exit: 64 })
    const all = ['--limit', 'price=4100 EUR', '--limit', 'lead_time=7d', '--limit', 'risk=3']
    expect(shown(await mandate('settings', 'set', 'traveler/family', '--consent', 'yes', ...all))).toMatchObject({
      exit: 0,
    })
    await mandate('settings set traveler/family --limit risk=2')
    expect(await json('settings show traveler/family')).toMatchObject([
      {
        autonomy: {
          consent: true,
          limits: {
            price: { at_most: 410_000, currency: 'EUR' },
            lead_time: { at_least: 604_800 },
            risk: { at_most: 2 },
          },
        },
      },
    ])
    shown(await mandate('settings show'))
  })

  test('a grant is previewed, given, listed and shown', async () => {
    const { mandate, json } = await of('carlo')
    const terms = ['--to', `agent:${AGENT}`, '--actions', 'execute', '--on', TRIP, '--for', '8h', '--unattended']
    expect(shown(await mandate('grant', 'preview', ...terms))).toMatchObject({ exit: 0 })
    expect(await json('grant list')).toEqual([])
    shown(await mandate('grant list'))
    const given = await json('grant', 'give', ...terms, '--at-most', 'planned_price=4000 EUR')
    grant = given.id
    expect(given).toMatchObject({ limits: [{ attribute: 'planned_price', at_most: 400_000, currency: 'EUR' }] })
    expect(shown(await mandate('grant', 'give', ...terms, '--at-most', 'planned_price=4000 EUR'))).toMatchObject({
      exit: 65,
      err: expect.stringContaining('mandate grant list'),
    })
    expect(
      shown(await mandate('grant', 'give', '--to', `agent:${AGENT}`, '--actions', 'exekute', '--on', TRIP)),
    ).toMatchObject({
      exit: 64,
      err: expect.stringContaining('Did you mean execute?'),
    })
    shown(await mandate('grant list'))
    expect(shown(await mandate(`grant show ${grant}`)).out).toContain(`agent:${AGENT}`)
  })

  test('a question is answered in words, and its exit code is the decision', async () => {
    const trips = ofService('trips')
    const attributes = ['--with', 'planned_price=4000 EUR', '--with', 'starts_at=8d', '--with', 'risk=1']
    const permit = shown(await trips.mandate('ask', `agent:${AGENT}`, 'execute', FLIGHT, ...attributes))
    expect(permit).toMatchObject({ exit: 0, out: expect.stringMatching(/^PERMIT /u) })
    const dear = ['--with', 'planned_price=4200 EUR', ...attributes.slice(2)]
    const deny = shown(await trips.mandate('ask', `agent:${AGENT} execute ${FLIGHT}`, ...dear))
    expect(deny).toMatchObject({ exit: 1, out: expect.stringContaining('4,200.00 EUR; the limit is 4,100.00 EUR') })
    evaluation = /^entry +(?<id>\w+)/mu.exec(deny.out)?.groups?.['id'] ?? ''
    const { mandate } = await of('carlo')
    expect(shown(await mandate(`ask me read ${TRIP}`))).toMatchObject({ exit: 0 })
    expect(shown(await mandate(`ask me reed ${TRIP}`))).toMatchObject({
      exit: 64,
      err: expect.stringContaining('read?'),
    })
    expect(shown(await mandate('ask me read'))).toMatchObject({ exit: 64 })
    const sam = await of('sam')
    expect(shown(await sam.mandate(`ask me read ${TRIP}`))).toMatchObject({ exit: 1 })
    expect(shown(await sam.mandate(`ask ${owner} read ${TRIP}`))).toMatchObject({ exit: 77 })
  })

  test('a decision is explained later', async () => {
    const { mandate } = await of('carlo')
    expect(shown(await mandate(`explain ${evaluation}`)).out).toMatch(/^DENY .*\nwhy .*price_above_limit/u)
    expect(shown(await mandate('explain 01KC0000000000000000000000'))).toMatchObject({ exit: 66 })
    expect(shown(await mandate('explain abc'))).toMatchObject({ exit: 64 })
  })

  test('the log is queried, shown, replayed, proved and verified', async () => {
    const { mandate, json, folder } = await of('ada')
    const entries = await json(`log query --actor agent:${AGENT} --decision deny`)
    expect(entries).toEqual([])
    const denied = await json('log query --decision deny --kind evaluation --action execute')
    expect(denied).toMatchObject([{ id: evaluation }])
    shown(await mandate('log query --limit 5'))
    expect(shown(await mandate('log query --reason no_grnt'))).toMatchObject({
      exit: 64,
      err: expect.stringContaining('Did you mean no_grant?'),
    })
    expect(shown(await mandate('log query --decison deny'))).toMatchObject({
      exit: 64,
      err: expect.stringContaining('Did you mean --decision?'),
    })
    expect(shown(await mandate('log query --decision denied'))).toMatchObject({ exit: 64 })
    expect(shown(await mandate(`log show ${evaluation}`))).toMatchObject({ exit: 0 })
    expect(shown(await mandate(`log replay ${evaluation}`))).toMatchObject({ exit: 0 })
    const { policy } = await json(`log show ${evaluation}`)
    expect(await mandate(`log replay ${evaluation} --policy ${policy}`)).toMatchObject({ exit: 0 })
    const question = ['ask', `agent:${AGENT}`, 'execute', FLIGHT]
    const earlier = shown(await mandate(...question, '--as-of-policy', policy))
    expect(earlier).toMatchObject({ exit: 1, out: expect.stringContaining(`${policy}, with the present facts`) })
    expect(shown(await mandate(...question, '--as-of-policy', 'travel@000000000000'))).toMatchObject({ exit: 66 })
    const [proof, entry] = [join(folder, 'proof'), join(folder, 'entry.json')]
    expect(await mandate(`log prove ${evaluation} --out ${proof} --entry-out ${entry}`)).toMatchObject({ exit: 0 })
    const key = stack.key
    expect(shown(await mandate(`log verify --proof ${proof} --entry ${entry} --key ${key}`))).toMatchObject({ exit: 0 })
    expect(shown(await mandate(`log verify --dir ${stack.log} --key ${key}`))).toMatchObject({ exit: 0 })
    const { mandate: asSam } = await of('sam')
    expect(shown(await asSam(`log show ${evaluation}`))).toMatchObject({ exit: 66 })
  })

  test('a revoked grant ends what it allowed', async () => {
    const { mandate } = await of('carlo')
    expect(shown(await mandate('grant', 'revoke', grant, '--reason', 'the trip is off'))).toMatchObject({ exit: 0 })
    expect(shown(await mandate(`grant show ${grant}`)).out).toContain('the trip is off')
    const trips = ofService('trips')
    expect(await trips.mandate(`ask agent:${AGENT} execute ${FLIGHT}`)).toMatchObject({ exit: 1 })
  })

  test('an API key is in a private file only, and may ask', async () => {
    const { mandate, json, folder } = await of('olga')
    const file = join(folder, 'gateway.key')
    const created = shown(await mandate(`key create gateway --types workflow,workflow_item --out ${file}`))
    expect(created).toMatchObject({ exit: 0 })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const key = readFileSync(file, 'utf8').trim()
    expect(key).toMatch(/^mk_/u)
    expect(created.out).not.toContain(key)
    expect(shown(await mandate(`key create gateway --types workflow --out ${file}`))).toMatchObject({ exit: 66 })
    const caller = openTerminal({ MANDATE_PDP: stack.urls.pdp })
    onTestFinished(caller.remove)
    expect(
      shown(await caller.mandate(`ask ${owner} as traveler/family read ${TRIP} --token-file ${file}`)),
    ).toMatchObject({ exit: 0 })
    const [listed] = await json('key list')
    expect(await mandate(`key revoke ${listed.id}`)).toMatchObject({ exit: 0 })
    shown(await mandate('key list'))
    expect(
      shown(await caller.mandate(`ask ${owner} as traveler/family read ${TRIP} --token-file ${file}`)),
    ).toMatchObject({ exit: 77 })
  })

  test('a PDP that is not there is 69, with its address, in JSON too', async () => {
    const { mandate, remove } = openTerminal({ MANDATE_PDP: 'http://127.0.0.1:9', MANDATE_TOKEN: 'mk_x' })
    onTestFinished(remove)
    expect(shown(await mandate('agent list'))).toMatchObject({ exit: 69, err: expect.stringContaining('127.0.0.1:9') })
    const { err } = await mandate('agent list --json')
    expect(JSON.parse(err)).toMatchObject({ code: 'unreachable', exit: 69 })
  })
})

describe('doctor', () => {
  test('says what works, and that nothing is wrong', async () => {
    const { mandate, json } = await of('carlo')
    const { exit, out } = shown(await mandate('doctor'))
    expect(exit).toBe(0)
    expect(out).not.toContain('PROBLEM')
    const checks = (await json('doctor')).map(({ check }: { readonly check: string }) => check)
    expect(checks).toEqual(['PDP answers', 'PDP ready', 'clock', 'identity provider', 'sign-in'])
  })

  test('names each problem with how to mend it: exit 1', async () => {
    const terminal = openTerminal({ MANDATE_PDP: 'http://127.0.0.1:9', MANDATE_ISSUER: `${stack.issuer}/` })
    onTestFinished(terminal.remove)
    const { exit, out } = shown(await terminal.mandate('doctor'))
    expect(exit).toBe(1)
    expect(out.match(/^PROBLEM/gmu)).toHaveLength(3)
    expect(out).toContain('Is the PDP running')
    expect(out).toContain(`calls itself ${stack.issuer}.`)
    expect(out).toContain('mandate login')
  })
})
