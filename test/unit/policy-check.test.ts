/**
 * `mandate policy check`: models, manifests and cases together, every mistake by file and line, without a server.
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run } from '../../cli/src/program.ts'

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const SHIPPED = folder('../../pdp/policies')

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-policies-'))
  cpSync(SHIPPED, dir, { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

async function policy(...argv: readonly string[]) {
  return await policyIn({}, ...argv)
}

async function policyIn(environment: Readonly<Record<string, string>>, ...argv: readonly string[]) {
  let out = ''
  let err = ''
  const code = await run(['policy', ...argv], {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    environment,
  })
  return { code, out, err }
}

function change(file: string, from: string, to: string): void {
  const path = join(dir, file)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
}

test('the packs that ship are sound, and so are those of the tests', async () => {
  expect(await policy('check')).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(/^travel@.*\nOK: 2 packs/s),
  })
  const others = ['../packs/expenses', '../packs/certification', '../packs/folders', '../packs/lab-orders'].map(folder)
  expect(await policy('check', ...others)).toMatchObject({ code: 0, out: expect.stringContaining('OK: 4 packs') })
})

test('the pack to copy in docs/policy-packs.md is sound', async () => {
  const text = readFileSync(folder('../../docs/policy-packs.md'), 'utf8')
  const pack = mkdtempSync(join(dir, 'copied-'))
  const files = [...text.matchAll(/^```\w+\n# (?<name>[a-z]+\.(?:fga|yaml))\n(?<content>.*?)^```/gmsu)]
  for (const { groups } of files) writeFileSync(join(pack, groups?.['name'] ?? ''), groups?.['content'] ?? '')
  expect(files.map(({ groups }) => groups?.['name'])).toEqual(['model.fga', 'manifest.yaml', 'cases.yaml'])
  expect(await policy('check', pack)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('OK: 1 pack') })
})

test('mistakes in manifest, model and cases are told together, each by file and line', async () => {
  change('travel/manifest.yaml', 'own: [read]', 'own: [fly]')
  change('nursing/model.fga', '[user with held]', '[usr with held]')
  change('nursing/cases.yaml', 'deny: [effort_above_limit]', 'deny: [effort_above_limits]')
  change('nursing/cases.yaml', 'nina: nurse/ward-3', 'nina: nurses/ward-3')
  change('nursing/cases.yaml', 'ask: paul read plan', 'ask: paul reads plan')
  const { code, out } = await policy('check', dir)
  expect(code).toBe(1)
  expect(out.trimEnd().split('\n')).toEqual([
    'travel/manifest.yaml:20: titles.visitor.own.0: there is no action "fly"; declare it under actions',
    'nursing/model.fga:12: `usr` is not a valid type. Did you mean "user"?',
    'nursing/cases.yaml:4: people.nina: the manifest has no title "nurses"; did you mean "nurse"?',
    'nursing/cases.yaml:20: cases.0.then.0.ask: the manifest has no action "reads"; did you mean "read"?',
    expect.stringMatching(
      /^nursing\/cases\.yaml:37: .* nor a gate of the manifest denies with "effort_above_limits"; did you mean "effort_above_limit"\?$/,
    ),
    'FAILED: 5 mistakes',
  ])
})

test.for<readonly [string, string, string, string]>([
  ['an unknown word', 'people:', 'folk:', '2: folk: there is no member "folk" here; there are people, agents'],
  ['a misspelt word', 'resources:', 'resource:', '9: resource: .*did you mean "resources"\\?'],
  ['a question nobody understands', 'ask: paul read plan', 'ask: paul', '20: cases.0.then.0.ask: must be like'],
  [
    'a question without an answer',
    'paul read plan, permit: owner',
    'paul read plan',
    '20: cases.0.then.0: an ask ends in',
  ],
  ['a permit that is none', 'permit: owner', 'permit: allowed', '20: cases.0.then.0.permit: no permit has the reason'],
  ['a resource that is nowhere', 'ask: paul read plan', 'ask: paul read plans', '20: .*no "plans" under resources'],
  ['somebody who is nowhere', 'ask: paul read plan', 'ask: peter read plan', '20: .*no "peter" under people or agents'],
  ['another type', 'type: care_plan', 'type: care_plans', '10: resources.plan.type: the manifest has no resource type'],
  ['a part of nothing', 'parent: plan,', '', '11: resources.washing: a care_task needs a care_plan as its parent'],
  [
    'an attribute of no manifest',
    'effort: 10',
    'sweat: 10',
    '11: resources.washing.with.sweat: .*no attribute "sweat"',
  ],
  [
    'a setting of no gate',
    'effort: { at_most',
    'sweat: { at_most',
    '15: autonomy.paul.limits.sweat: .*it has effort, ',
  ],
  [
    'a parent that was not given',
    'parent: paul-nina',
    'parent: nina-paul',
    '33: .*no grant before is named "nina-paul"',
  ],
  [
    'two things in one step',
    '- revoke: {',
    '- later: 1 day\n        revoke: {',
    '45: cases.3.when.0: a step does one thing',
  ],
])('a case file is refused by line: %s', async ([, from, to, said]) => {
  change('nursing/cases.yaml', from, to)
  const { code, out } = await policy('check', dir)
  expect(out).toMatch(new RegExp(`nursing/cases\\.yaml:${said}`))
  expect(code).toBe(1)
})

test('facts that the model or the manifest has no place for are told as well', async () => {
  cpSync(folder('../packs/certification'), join(dir, 'certification'), { recursive: true })
  change('certification/cases.yaml', 'relation: reader', 'relation: readers')
  change('certification/cases.yaml', 'attributes: { status: active }', 'attributes: { state: active }')
  const { out } = await policy('check', join(dir, 'certification'))
  expect(out.split('\n').slice(0, 2)).toEqual([
    'certification/cases.yaml:10: facts.0.relation: the model has no relation record#readers; did you mean "reader"?',
    'certification/cases.yaml:14: facts.4.attributes.state: the manifest has no attribute "state" here',
  ])
})

test('a parameter that is named as an attribute, and is none of the manifest, is told by its line', async () => {
  cpSync(folder('../packs/folders'), join(dir, 'folders'), { recursive: true })
  change('folders/model.fga', 'resource_deadline: timestamp, current_time', 'resource_dedline: timestamp, current_time')
  change('folders/model.fga', 'current_time < resource_deadline', 'current_time < resource_dedline')
  const { code, out } = await policy('check', join(dir, 'folders'))
  expect(out).toContain(
    'folders/model.fga:11: condition before takes resource_dedline, but the manifest declares no "dedline" under attributes; it has deadline, tags',
  )
  expect(code).toBe(1)
})

test('a condition whose name is too short for a tuple of OpenFGA is told', async () => {
  cpSync(folder('../packs/folders'), join(dir, 'folders'), { recursive: true })
  change('folders/model.fga', 'with before', 'with b')
  change('folders/model.fga', 'condition before', 'condition b')
  const { code, out } = await policy('check', join(dir, 'folders'))
  expect(out).toContain('folders/model.fga: condition b: no fact with a condition of a name this short can be stored')
  expect(code).toBe(1)
})

test('a pack that promises nothing is told so', async () => {
  rmSync(join(dir, 'nursing/cases.yaml'))
  expect(await policy('check', dir)).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^nursing\/cases\.yaml:1: cannot be read in .*; a pack says there what it promises\n/),
  })
})

test('the cases that the documentation shows are cases of expenses', async () => {
  const shown = /```yaml\n(people:.*?)```/su.exec(readFileSync(folder('../../docs/policy-packs.md'), 'utf8'))?.[1] ?? ''
  cpSync(folder('../packs/expenses'), join(dir, 'expenses'), { recursive: true })
  writeFileSync(join(dir, 'expenses/cases.yaml'), shown)
  expect(await policy('check', join(dir, 'expenses'))).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 case '),
  })
})

test('for machines there is one JSON object', async () => {
  const sound = JSON.parse((await policy('check', '--json')).out)
  expect(sound).toMatchObject({ ok: true, problems: [], packs: [{ version: expect.stringMatching(/^travel@/) }, {}] })
  change('travel/manifest.yaml', 'own: [read]', 'own: [fly]')
  expect(JSON.parse((await policy('check', dir, '--json')).out)).toMatchObject({ ok: false, problems: [{}] })
})

test.for([
  [[], 'Usage: mandate policy'],
  [['chek'], "unknown command 'chek' (Did you mean check?)"],
  [['check', '--verbose'], "unknown option '--verbose'"],
  [['check', SHIPPED, SHIPPED], 'has an fga.mod of its own'],
] as const)('64 for what cannot be meant: %j', async ([argv, said]) => {
  expect(await policy(...argv)).toMatchObject({ code: 64, out: '', err: expect.stringContaining(said) })
})

test('help is no mistake, for each command and for all', async () => {
  for (const argv of [
    ['check', '--help'],
    ['test', '-h'],
    ['diff', '-h'],
    ['new', '-h'],
    ['rollback', '-h'],
  ])
    expect(await policy(...argv)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Examples') })
  for (const argv of [['--help'], ['help']])
    expect(await policy(...argv)).toMatchObject({ code: 0, err: '', out: expect.stringContaining('rollback') })
})

test('facts that stand beside a pack are checked with it', async () => {
  const pack = join(dir, 'lab')
  cpSync(folder('../packs/certification'), pack, { recursive: true })
  expect(await policy('check', pack)).toMatchObject({ code: 0 })
  change('lab/facts.yaml', 'domain: certification', 'domain: lab')
  change('lab/facts.yaml', 'relation: remover', 'relation: removes')
  change('lab/facts.yaml', 'attributes: { role: admin }', 'attributes: { rule: admin }')
  const { code, out } = await policy('check', pack)
  expect({ code, lines: out.trim().split('\n') }).toEqual({
    code: 1,
    lines: [
      "lab/facts.yaml:2: domain: the manifest's is certification",
      'lab/facts.yaml:8: facts.4.relation: the model has no relation record#removes; did you mean "remover"?',
      'lab/facts.yaml:12: facts.8.attributes.rule: the manifest has no attribute "rule" here; did you mean "role"?',
      'FAILED: 3 mistakes',
    ],
  })
})

test('people are a persona each, or a list: anything else is told so', async () => {
  change('nursing/cases.yaml', 'nina: nurse/ward-3', 'nina: {}')
  const { out } = await policy('check', dir)
  expect(out).toContain(
    'people.nina: must be a persona as title/circle, or a list of them; [] for a person without one',
  )
})

test('TLS that believes every certificate is refused before anything is called', async () => {
  const { code, err } = await policyIn(
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    ...['diff', '--openfga', 'https://openfga.invalid', '--log', 'log', '--store', 'store', SHIPPED],
  )
  expect(code).toBe(64)
  expect(err).toContain('NODE_TLS_REJECT_UNAUTHORIZED: must not be 0')
})
