/**
 * The whole PDP, fuzzed by its own OpenAPI document as five callers: no 5xx, no status, code, header or member that is not described, nothing
 * accepted that the document refuses and nothing refused that it allows.
 *
 * @module
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { TokenClaims } from '../fixtures/issuer.ts'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'
import { type Fuzz, type Fuzzed, fuzz, installSchemathesis, pythonVersion } from '../support/schemathesis.ts'

/** More with `MANDATE_FUZZ_EXAMPLES`; other cases with `MANDATE_FUZZ_SEED`. */
const EXAMPLES = Number(process.env['MANDATE_FUZZ_EXAMPLES'] ?? 8)
const SEED = Number(process.env['MANDATE_FUZZ_SEED'] ?? 20_261_122)
const AT_LEAST = 10_000
const WITHIN_MS = 3_600_000
/** Of tokens: they outlive a run, and are not older than the PDP takes them, in seconds. */
const LIFETIME = 890

/** Whoever erases themself is nobody afterwards: that operation is for somebody who does nothing else. */
/** What a role opens. */
const OF_STAFF = [
  ...[
    'registerAgent',
    'listAgents',
    'changeAgent',
    'listPersonas',
    'changePersona',
    'createKey',
    'listKeys',
    'revokeKey',
  ],
  ...[
    'listPolicies',
    'readPolicyTexts',
    'comparePolicies',
    'loadPolicies',
    'activatePolicies',
    'erasePerson',
    'holdPerson',
    'releasePerson',
  ],
  ...['listDecisions', 'exportDecisions', 'readDecision', 'proveDecision', 'replayDecision'],
  ...['checkpoint', 'tile', 'partialTile', 'readLag'],
]
const LAST = 'eraseMe'
/** Where a request that fits its schema can be 400 all the same: it is held against what the schema cannot know. */
const HELD_AGAINST_MORE = [
  // A token or cursor that is not one of ours.
  ...['searchSubjects', 'searchResources', 'searchActions', 'listDecisions', 'listGrants', 'listErasures'],
  // Ids that are longer in bytes than in the characters that a schema counts.
  ...['evaluate', 'evaluateAll'],
  // A date ahead, types and parents that the manifests know, an owner who is a person.
  ...['createKey', 'registerResource', 'readResource', 'removeResource', 'transferResource', 'changeFacts'],
  // A logout token that the issuer signed: no text that is drawn is one.
  'endSession',
]

let tpdp: TestPdp
let world: World
beforeAll(async () => {
  const env = { PDP_PERSON_PER_MINUTE: '6000000', PDP_PERSON_BURST: '100000' }
  tpdp = await startTestPdp({ openFga: inject('openFga'), env })
  world = new World(tpdp)
  await world.begin()
  await world.grant({ from: 'A', to: 'B', actions: ['execute'], redelegations: 2, name: 'ab' })
})
afterAll(() => tpdp?.stop())

/** Words that mean something here, so that some of the random requests pass the first checks. */
function words(): readonly string[] {
  const people = ['A', 'B', 'C', 'M', 'S', 'X']
  const trip = world.named.get('T') ?? ''
  return [
    ...people.flatMap((name) => [world.id(name), world.ref(name)]),
    ...[trip, `${trip}-flight`, world.scope('T'), world.scope('T/hotel'), 'all:travel', world.named.get('ab') ?? ''],
    ...world.personaIds.values(),
    ...['user', 'agent', 'workflow', 'workflow_item', 'travel_account', 'read', 'execute', 'update', 'create'],
    ...['travel', 'traveler', 'traveler/family', 'travel-agent/acme', 'planned_price', 'risk', 'EUR', 'me'],
    new Date(tpdp.now() + 86_400_000).toISOString(),
  ]
}

const config = (): string => `
warnings = false
[dictionaries.words]
values = ${JSON.stringify(words())}
[generation.dictionaries]
string = { dictionary = "words", probability = 0.3 }
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 422, 429, 431]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 415, 422, 428, 429, 431, "5xx"]
[[operations]]
include-operation-id = ${JSON.stringify(HELD_AGAINST_MORE)}
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 422, 429, 431]
`

const tokenOf = (claims: TokenClaims): Promise<string> => tpdp.issuer.token({ ...claims, lifetime: LIFETIME })

async function apiKey(): Promise<string> {
  const body = { name: 'a key', types: ['workflow', 'workflow_item'], expires_at: new Date(tpdp.now() + 3_600_000) }
  return (await tpdp.call('POST', '/v1/keys', { as: world.staff('operator'), body })).body.key
}

/** A token is made when its run begins: they do not live long. */
type Caller = Pick<Fuzz, 'examples' | 'without' | 'only' | 'phases'> & { readonly token?: () => Promise<string> }

function callers(): Readonly<Record<string, Caller>> {
  const staff = { sub: 'staff', azp: 'desktop', roles: ['operator', 'auditor', 'persona-admin'] }
  const whole = { examples: EXAMPLES, without: [LAST] }
  // Most of what they ask is refused before it is handled: fewer cases, drawn at random.
  const outside = { ...whole, examples: 2 * EXAMPLES, phases: 'fuzzing' }
  return {
    'a person': { ...whole, token: () => tokenOf(world.as('A')) },
    // In person staff are people, and as such they have asked already.
    'an operator': { examples: EXAMPLES, only: OF_STAFF, token: () => tokenOf(staff) },
    'a service': { ...whole, token: () => tokenOf(TRIPS) },
    'an API key': { ...outside, token: apiKey },
    nobody: outside,
    // One operation alone has no links to follow.
    'a person who leaves': {
      ...{ examples: 5, only: [LAST], phases: 'coverage,fuzzing' },
      token: () => tokenOf(world.as('D')),
    },
  }
}

test('nothing is answered but what the document says', { timeout: WITHIN_MS }, async ({ skip }) => {
  const version = await pythonVersion()
  if (version === undefined) return skip('there is no python3 here')
  const common = { python: await installSchemathesis(version), url: tpdp.pdp.url, seed: SEED, config: config() }
  const warnings: string[] = []
  const warned = (warning: Error): void => void warnings.push(String(warning))
  process.on('warning', warned)
  const runs = Object.entries(callers()).map(([name, caller]) => async (): Promise<readonly [string, Fuzzed]> => {
    return [name, await fuzz({ ...common, ...caller, token: await caller.token?.() })]
  })
  // Two at a time: each is one Python at full speed.
  const done = (await Promise.all([inTurn(runs), inTurn(runs)])).flat()
  process.off('warning', warned)
  const requests = done.reduce((sum, [, run]) => sum + run.requests, 0)
  const told = done.map(([name, run]) => `${name} ${run.requests}`).join(', ')
  process.stdout.write(`schemathesis: ${requests} requests (${told}), seed ${SEED}\n`)
  for (const [name, { ok, output }] of done) expect(ok, `as ${name}:\n${output}`).toBe(true)
  expect(tpdp.operations.filter((line) => JSON.parse(line).level >= 50)).toEqual([])
  expect(warnings.filter((warning) => !warning.includes('SQLite'))).toEqual([])
  expect(requests).toBeGreaterThanOrEqual(AT_LEAST)
})

/** Takes one task after the other out of what is left, as others may. */
async function inTurn<T>(left: (() => Promise<T>)[]): Promise<readonly T[]> {
  const done: T[] = []
  for (let task = left.shift(); task; task = left.shift()) done.push(await task())
  return done
}
