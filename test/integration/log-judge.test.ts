/** `mandate log judge`, and `policy diff --dir`: decisions made again on the facts of a PDP with the embedded store, which goes on running. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { run } from '../../cli/src/program.ts'
import { NO_OPENFGA, startTestPdp, type TestPdp } from '../fixtures/pdp.ts'
import { World } from '../fixtures/world.ts'

const SHIPPED = fileURLToPath(new URL('../../pdp/policies', import.meta.url))

let tpdp: TestPdp
let world: World

/** Three permits and a denial, by the owner, a delegate and an agent. Then a grant ends, so that the facts are no longer those of the log. */
beforeAll(async () => {
  tpdp = await startTestPdp({
    openFga: NO_OPENFGA,
    database: 'sqlite',
    frozen: true,
    env: { ENGINE: 'embedded', PDP_PERSON_PER_MINUTE: '60000' },
  })
  world = new World(tpdp)
  await world.begin((name) => ['A', 'B', 'X'].includes(name))
  await world.grant({ name: 'ab', from: 'A', to: 'B', actions: ['execute'] })
  await world.grant({ from: 'A', to: 'X', actions: ['execute'] })
  for (const ask of [
    { subject: 'A', action: 'update' },
    { subject: 'B', action: 'execute', item: 'flight' },
    { subject: 'A', actor: 'X', action: 'execute', item: 'flight', days: 8 },
    { subject: 'A', actor: 'X', action: 'execute', item: 'flight', days: 6 },
  ] as const)
    await world.ask(ask)
})
afterAll(() => tpdp?.stop())

async function mandate(...argv: readonly string[]) {
  const printed = { out: '', err: '' }
  const exit = await run(argv, {
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
    environment: {},
  })
  return { exit, ...printed }
}

function candidate(from: string, to: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-candidate-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(SHIPPED, folder, { recursive: true })
  const file = join(folder, 'travel/manifest.yaml')
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
  return folder
}

test('the policy that decided decides the same, on the facts of the running PDP', async () => {
  const { exit, out, err } = await mandate('log', 'judge', '--dir', tpdp.dataDir)
  expect({ exit, err }, out + err).toEqual({ exit: 0, err: '' })
  expect(out).toMatch(/\njudged +4 of 4, on the facts as they are now\nOK: 4 decisions\n$/u)
  // The log's folder is as good: its parent has the facts.
  expect(await mandate('log', 'judge', '--dir', join(tpdp.dataDir, 'log'))).toMatchObject({ exit: 0 })
})

test('without facts, each entry is compared with itself', async () => {
  const { exit, out } = await mandate('log', 'judge', '--log', join(tpdp.dataDir, 'log'))
  expect({ exit, out }).toEqual({
    exit: 0,
    out: 'records     4 decisions compared with the own entry\nOK: 4 decisions\n',
  })
})

test('a policy that decides otherwise is told decision by decision, and so is a fact that has changed', async () => {
  const { exit, out } = await mandate(
    'log',
    'judge',
    '--dir',
    tpdp.dataDir,
    candidate('own: [read, create, update, execute]', 'own: [read]'),
  )
  expect({ exit, out }).toEqual({ exit: 1, out: expect.stringContaining('update workflow:') })
  expect(out).toContain(': permit owner → deny persona_action\n')
  await world.revoke('ab', 'A')
  const after = JSON.parse((await mandate('log', 'judge', '--dir', tpdp.dataDir, '--json')).out)
  expect(after).toMatchObject({ ok: false, complete: true, judged: 4, contradictions: [] })
  expect(after.otherwise).toMatchObject([
    { logged: { decision: true, reason: 'delegated' }, now: { decision: false }, same_policy: true },
  ])
})

test('policy diff needs no OpenFGA with --dir', async () => {
  const same = await mandate('policy', 'diff', '--dir', tpdp.dataDir, SHIPPED)
  expect(same, same.err).toMatchObject({ exit: 0, out: expect.stringMatching(/OK: nothing turns of 4\n$/u) })
  const other = candidate(
    '    attribute: starts_at\n    bound: at_least\n    actions: [execute]',
    '    attribute: starts_at\n    bound: at_least\n    actions: [update]',
  )
  const turned = JSON.parse((await mandate('policy', 'diff', '--dir', tpdp.dataDir, '--json', other)).out)
  expect(turned.turned).toMatchObject([
    { old: { decision: false, reason: 'lead_time_too_short' }, new: { decision: true, reason: 'delegated' } },
  ])
})

test.for([
  [['log', 'judge'], 64, 'Give --dir'],
  [['log', 'judge', '--log', 'x', SHIPPED], 64, 'A policy judges by facts'],
  [['log', 'judge', '--dir', '/nowhere'], 66, '/nowhere does not exist'],
  [['log', 'judge', '--dir', SHIPPED], 66, 'has no pdp.db'],
  [['policy', 'diff', '--log', 'x', SHIPPED], 64, 'Whose facts?'],
  [['policy', 'diff', '--log', 'x', '--store', 'mandate', SHIPPED], 64, '--openfga and --store go together.'],
  [['policy', 'diff', '--dir', 'x', '--store', 'mandate', SHIPPED], 64, '--dir has the facts'],
] as const)('%j is exit %d', async ([argv, exit, said]) => {
  expect(await mandate(...argv)).toMatchObject({ exit, out: '', err: expect.stringContaining(said) })
})
