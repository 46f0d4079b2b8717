/**
 * `mandate policy diff`: a recorded log made again under a candidate, on equal facts, without a write to the store.
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { run } from '../../cli/src/program.ts'
import { startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'

const SHIPPED = fileURLToPath(new URL('../../pdp/policies', import.meta.url))

let tpdp: TestPdp
let world: World
let candidate: string
const ids: Record<string, string> = {}

/** Six decisions and a question about nothing. Then B's grant ends, so that the facts are not those that the log was made on. */
beforeAll(async () => {
  tpdp = await startTestPdp({ openFga: inject('openFga'), env: { PDP_PERSON_PER_MINUTE: '60000' }, frozen: true })
  world = new World(tpdp)
  await world.begin((name) => ['A', 'B', 'X'].includes(name))
  // The clock that decides is the entry's, not this machine's.
  tpdp.advance(40 * 86_400_000)
  await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
  await world.grant({ from: 'A', to: 'X', actions: ['execute'] })
  const asked = {
    owner: { subject: 'A', action: 'execute', item: 'flight' },
    delegate: { subject: 'B', action: 'execute', item: 'flight' },
    agent: { subject: 'A', actor: 'X', action: 'execute', item: 'flight', days: 8 },
    soon: { subject: 'A', actor: 'X', action: 'execute', item: 'flight', days: 6 },
    noPrice: { subject: 'A', actor: 'X', action: 'execute', item: 'flight', attributes: { planned_price: null } },
    update: { subject: 'A', action: 'update' },
    nothing: { subject: 'A', action: 'read', trip: 'nowhere' },
  } as const
  for (const [name, ask] of Object.entries(asked))
    ids[name] = (await world.ask(ask)).headers.get('x-evaluation-id') ?? ''
  await world.revoke('ab', 'A')
})
afterAll(() => tpdp?.stop())
beforeEach(() => {
  candidate = mkdtempSync(join(tmpdir(), 'mandate-candidate-'))
  cpSync(SHIPPED, candidate, { recursive: true })
})
afterEach(() => rmSync(candidate, { recursive: true, force: true }))

function change(from: string, to: string): void {
  const file = join(candidate, 'travel/manifest.yaml')
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
}

async function diff(...more: readonly string[]) {
  const { OPENFGA_URL, OPENFGA_STORE, OPENFGA_API_TOKEN } = tpdp.config
  let out = ''
  let err = ''
  const argv = [
    'policy',
    'diff',
    '--log',
    join(tpdp.dataDir, 'log'),
    '--openfga',
    OPENFGA_URL,
    '--store',
    OPENFGA_STORE,
    ...more,
  ]
  const code = await run(argv, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    environment: { OPENFGA_API_TOKEN, MANDATE_TOKEN: await tpdp.issuer.token(AUDITOR) },
  })
  return { code, out, err }
}

const json = async (...more: readonly string[]) => JSON.parse((await diff(candidate, '--json', ...more)).out)

test('the same policy turns nothing, whatever happened to the facts since; what it could not judge is no success', async () => {
  const { code, out } = await diff(SHIPPED)
  expect(code, out).toBe(2)
  expect(out).toContain('made again  6 of 7 evaluations of the log')
  expect(out).toContain('not 1: the log holds a name or an id of it only as a commitment')
  expect(out).toContain('1 come out otherwise than the log says before any change')
  expect(out.trimEnd().split('\n').at(-1)).toMatch(
    /^INCOMPLETE: 1 of 7 could not be judged: the log holds a name or an id of it only as a commitment/,
  )
  expect(out).not.toContain('OK:')
})

test('what a change turns is told decision by decision, old and new, and nothing else is', async () => {
  change('own: [read, create, update, execute]', 'own: [read]')
  const { code, out } = await diff(candidate)
  expect(code).toBe(1)
  const turned = out.split('\n').filter((line) => line.includes(' → ') && !line.startsWith('turned'))
  expect(turned).toEqual([
    expect.stringMatching(
      new RegExp(
        `${ids['update']}  user:p_\\S+ as traveler/family update workflow:\\S+: permit owner → deny persona_action$`,
      ),
    ),
    expect.stringContaining('agent:X-'),
    expect.stringContaining('agent:X-'),
    expect.stringContaining('agent:X-'),
    expect.stringContaining(`${ids['owner']}  user:p_`),
  ])
  expect(out).toContain('turned      2: permit owner → deny persona_action\n')
  expect(out.trimEnd().split('\n').slice(-2)).toEqual([
    'TURNED: 5 of 6',
    expect.stringMatching(/^INCOMPLETE: 1 of 7 could not be judged: /),
  ])
})

test('the clock stands where it stood: a limit on lead time is held against the day of the decision', async () => {
  change(
    '    attribute: starts_at\n    bound: at_least\n    actions: [execute]',
    '    attribute: starts_at\n    bound: at_least\n    actions: [update]',
  )
  const { turned, ok } = await json()
  expect(ok).toBe(false)
  expect(turned).toMatchObject([
    {
      id: ids['soon'],
      old: { decision: false, reason: 'lead_time_too_short' },
      new: { decision: true, reason: 'delegated' },
    },
  ])
})

test('what the log does not hold is said, and no decision is made up from it', async () => {
  change('update: {', 'update: { limited: true,')
  const result = await json()
  expect(result).toMatchObject({ ok: false, complete: false, turned: [], made_again: 5 })
  expect(Object.values(result.not_made_again)).toEqual([1, 1])
  expect(Object.keys(result.not_made_again).join()).toContain('does not hold resource.planned_price')
})

test('a PDP`s address is a log as well, and the newest can be asked for alone', async () => {
  const { OPENFGA_URL, OPENFGA_STORE, OPENFGA_API_TOKEN } = tpdp.config
  let out = ''
  const place = ['--log', tpdp.pdp.url, '--openfga', OPENFGA_URL, '--store', OPENFGA_STORE]
  const code = await run(['policy', 'diff', ...place, '--limit', '2', '--json', SHIPPED], {
    out: (text) => {
      out += text
    },
    err: () => undefined,
    environment: { OPENFGA_API_TOKEN, MANDATE_TOKEN: await tpdp.issuer.token(AUDITOR) },
  })
  expect(code).toBe(2)
  expect(JSON.parse(out)).toMatchObject({ ok: false, complete: false, evaluations: 2, made_again: 1 })
})

test('the running store is only read', async () => {
  const { OPENFGA_URL, OPENFGA_STORE, OPENFGA_API_TOKEN } = tpdp.config
  const headers = { authorization: `Bearer ${OPENFGA_API_TOKEN}` }
  const get = async (path: string) => (await fetch(`${OPENFGA_URL}${path}`, { headers })).json()
  const { stores } = await get(`/stores?name=${OPENFGA_STORE}`)
  const models = async () => (await get(`/stores/${stores[0].id}/authorization-models`)).authorization_models.length
  const before = await models()
  change('update: {', 'update: { implies: [read],')
  await json()
  expect(await models()).toBe(before)
})

test.for([
  [['--store', 'nowhere'], 66, 'has no store nowhere'],
  [['--openfga', 'http://127.0.0.1:1'], 69, 'does not answer'],
  [['--log', '/nowhere'], 66, 'holds no checkpoint'],
  [['--limit', 'all'], 64, '--limit is a whole number above 0.'],
  [['--openfga', 'localhost'], 64, '--openfga is an http or https address.'],
] as const)('%j is exit %d', async ([options, code, said]) => {
  expect(await diff(SHIPPED, ...options)).toMatchObject({ code, err: expect.stringContaining(said) })
})
