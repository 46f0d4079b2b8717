import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compileModel } from '../openfga/compile.ts'
import { describeDomain } from './describe.ts'
import { impliedActions, manifestSchema } from './manifest.ts'
import { compilePolicies, readSources } from './pack.ts'
import { PolicyError } from './yaml.ts'

const SHIPPED = join(import.meta.dirname, '../../policies')
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-policies-'))
  cpSync(SHIPPED, dir, { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const loaded = async () => compilePolicies(await readSources(dir), compileModel)

/** What loading says after one file was changed. */
async function saidOf(file: string, change: (text: string) => string | undefined): Promise<string> {
  const path = join(dir, file)
  const text = change(readFileSync(path, 'utf8'))
  if (text === undefined) rmSync(path)
  else writeFileSync(path, text)
  try {
    await loaded()
    return 'loaded'
  } catch (error) {
    if (error instanceof PolicyError) return error.message
    throw error
  }
}

test('a folder of a pack that is not there is named once', async () => {
  const folder = join(dir, 'nowhere')
  await expect(readSources(dir, [folder])).rejects.toThrow(
    new PolicyError(`${folder} is not there: name the folder of a pack, with model.fga and manifest.yaml`),
  )
})

test('a file in place of the folder of a pack is named once', async () => {
  const file = join(dir, 'travel/manifest.yaml')
  await expect(readSources(dir, [file])).rejects.toThrow(
    new PolicyError(`${file} is a file: name the folder of a pack, with model.fga and manifest.yaml`),
  )
})

describe('the packs that ship', () => {
  test('load, and are found by type, title and domain', async () => {
    const { packs, byType, byTitle, byDomain } = await loaded()
    const travel = byDomain.get('travel')
    expect(packs).toContain(travel)
    for (const type of ['workflow', 'workflow_item', 'travel_account']) expect(byType.get(type)).toBe(travel)
    expect(byTitle.get('travel-agent')).toBe(travel)
    expect(travel?.version).toMatch(/^travel@[0-9a-f]{12}$/)
  })

  test('have a version that changes with their content and with nothing else', async () => {
    const version = async () => (await loaded()).byDomain.get('travel')?.version
    const before = await version()
    expect(await version()).toBe(before)
    for (const file of ['travel/manifest.yaml', 'travel/model.fga', 'core.fga']) {
      const path = join(dir, file)
      const text = readFileSync(path, 'utf8')
      writeFileSync(path, `${text}\n# changed\n`)
      expect(await version(), file).not.toBe(before)
      writeFileSync(path, text)
    }
    expect(await version()).toBe(before)
  })
})

describe('a pack that cannot be is refused by file and by what is wrong', () => {
  const replaced = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)
  test.for<readonly [string, string, (text: string) => string | undefined, RegExp]>([
    ['no manifest', 'travel/manifest.yaml', () => undefined, /^travel\/manifest\.yaml: cannot be read/],
    ['no model', 'travel/model.fga', () => undefined, /^travel\/model\.fga: cannot be read/],
    ['no list', 'fga.mod', () => undefined, /^fga\.mod: cannot be read/],
    ['a list without the core', 'fga.mod', replaced(/ *- core.fga\n/, ''), /^fga\.mod:1: contents must list core\.fga/],
    ['a list of another schema', 'fga.mod', replaced('1.2', '1.1'), /^fga\.mod:1: schema: /],
    ['a list that is no YAML', 'fga.mod', () => 'contents: [', /^fga\.mod:1: /],
    ['no YAML', 'travel/manifest.yaml', () => 'domain: [', /^travel\/manifest\.yaml:1: /],
    [
      'a word nobody knows',
      'travel/manifest.yaml',
      (text) => text.replace('label: Travel', 'labl: Travel'),
      /^travel\/manifest\.yaml:3: labl: there is no member "labl" here; did you mean "label"\?$/,
    ],
    [
      'no account',
      'travel/manifest.yaml',
      replaced('account: travel_account', ''),
      /^travel\/manifest\.yaml:1: account: name the type/,
    ],
    [
      'an action nobody declared',
      'travel/manifest.yaml',
      replaced('own: [read]', 'own: [fly]'),
      /^travel\/manifest\.yaml:20: titles\.visitor\.own\.0: there is no action "fly"/,
    ],
    [
      'an action that every object has',
      'travel/manifest.yaml',
      replaced('own: [read]', 'own: [constructor]'),
      /there is no action "constructor"/,
    ],
    [
      'an implied action nobody declared',
      'travel/manifest.yaml',
      replaced('implies: [read]', 'implies: [fly]'),
      /manifest\.yaml:45: actions\.execute\.implies\.0: there is no action "fly"/,
    ],
    [
      'a parent nobody declared',
      'travel/manifest.yaml',
      replaced('parent: workflow', 'parent: trip'),
      /there is no type "trip"/,
    ],
    [
      'an attribute nobody declared',
      'travel/manifest.yaml',
      replaced('attribute: risk', 'attribute: fear'),
      /there is no attribute "fear"/,
    ],
    [
      'an attribute without its bound',
      'travel/manifest.yaml',
      replaced(/attribute: risk\n *bound: at_most/, 'attribute: risk'),
      /attribute and bound go together/,
    ],
    [
      'a reason without texts',
      'travel/manifest.yaml',
      replaced('reason: no_consent', 'reason: not_today'),
      /needs user, admin and cure texts/,
    ],
    [
      'an account that is a resource',
      'travel/manifest.yaml',
      replaced('account: travel_account', 'account: workflow'),
      /is a resource type already/,
    ],
    [
      'a gate whose relation the model does not have',
      'travel/manifest.yaml',
      replaced('relation: travel_risk', 'relation: travel_fear'),
      /manifest\.yaml:\d+: gates\.3\.relation: the model must say: type persona … define travel_fear: \[user with at_most\]/,
    ],
    [
      'a type that the model does not have',
      'travel/model.fga',
      replaced('type workflow_item', 'type workflow_thing'),
      /manifest\.yaml:\d+: resources\.workflow_item: the model has no type workflow_item/,
    ],
    [
      'a resource of a core type',
      'travel/manifest.yaml',
      replaced('resources:\n', 'resources:\n  grant: {}\n'),
      /manifest\.yaml:\d+: resources\.grant: grant is a type of core\.fga/,
    ],
    [
      "a resource of another pack's type",
      'travel/manifest.yaml',
      replaced('resources:\n', 'resources:\n  care_plan: {}\n'),
      /resources\.care_plan: care_plan is a type of nursing\/model\.fga/,
    ],
    [
      'an account that is a type of the model',
      'travel/manifest.yaml',
      replaced('account: travel_account', 'account: persona'),
      /account: persona is a type of the model/,
    ],
    [
      'an action by a relation that no type has',
      'travel/manifest.yaml',
      replaced('update: {', 'update: { relation: editor,'),
      /manifest\.yaml:\d+: actions\.update\.relation: no resource type of the model has the relation editor/,
    ],
    [
      'an action by a relation that is asked of an account',
      'travel/manifest.yaml',
      replaced('create: { on: account,', 'create: { on: account, relation: owner,'),
      /manifest\.yaml:\d+: actions\.create: an action with a relation takes no on/,
    ],
    [
      'a gate on what is no quantity',
      'travel/manifest.yaml',
      replaced('risk: { type: integer, minimum: 0 }', 'risk: { type: string }'),
      /manifest\.yaml:\d+: gates\.3\.attribute: "risk" is no quantity/,
    ],
    [
      'a model that does not parse',
      'travel/model.fga',
      (text) => `${text}\nnonsense\n`,
      /^travel\/model\.fga:18: no viable alternative at input '.*nonsense'$/,
    ],
  ])('%s', async ([, file, change, said]) => {
    expect(await saidOf(file, change)).toMatch(said)
  })

  test('two domains that claim the same', async () => {
    mkdirSync(join(dir, 'again'))
    for (const name of ['manifest.yaml', 'model.fga']) cpSync(join(dir, 'travel', name), join(dir, 'again', name))
    writeFileSync(join(dir, 'again/model.fga'), 'module again\n\ntype again_thing\n')
    const listed = (text: string) => `${text.trimEnd()}\n  - again/model.fga\n`
    expect(await saidOf('fga.mod', listed)).toMatch(
      /^again\/manifest\.yaml:2: domain "travel" belongs to travel already\n/,
    )
    writeFileSync(join(dir, 'fga.mod'), readFileSync(join(SHIPPED, 'fga.mod')))
    const again = readFileSync(join(dir, 'again/manifest.yaml'), 'utf8').replace('domain: travel', 'domain: again')
    writeFileSync(join(dir, 'again/manifest.yaml'), again)
    expect(await saidOf('fga.mod', listed)).toMatch(
      /^again\/manifest\.yaml:\d+: resource type "workflow" belongs to travel/,
    )
  })
})

test('every mistake is told, not the first alone: of manifests, of models, and what the model does not bear out', async () => {
  const change = (file: string, from: string, to: string): void =>
    writeFileSync(join(dir, file), readFileSync(join(dir, file), 'utf8').replace(from, to))
  change('travel/manifest.yaml', 'own: [read]', 'own: [fly]')
  change('travel/manifest.yaml', 'attribute: risk', 'attribute: fear')
  change('nursing/manifest.yaml', 'relation: nursing_risk', 'relation: nursing_fear')
  expect((await saidOf('nursing/model.fga', (text) => text)).split('\n')).toEqual([
    expect.stringMatching(/^travel\/manifest\.yaml:20: .*"fly"/),
    expect.stringMatching(/^travel\/manifest\.yaml:\d+: .*"fear"/),
    expect.stringMatching(/^nursing\/manifest\.yaml:\d+: gates\.3\.relation: the model must say/),
  ])
  const said = await saidOf('nursing/model.fga', (text) => text.replace('[user with held]', '[usr with hld]'))
  expect(said.split('\n')).toEqual([
    expect.stringMatching(/^travel\/manifest\.yaml:20: /),
    expect.stringMatching(/^travel\/manifest\.yaml:\d+: /),
    'nursing/model.fga:12: `usr` is not a valid type. Did you mean "user"?',
    'nursing/model.fga:12: `hld` is not a defined condition in the model. Did you mean "held"?',
  ])
})

test('implied actions are followed to the end, each once, in one order', () => {
  const manifest = manifestSchema.parse({
    domain: 'x',
    actions: { a: { implies: ['b', 'c'] }, b: { implies: ['c'] }, c: { implies: ['a'] }, d: {} },
    resources: {},
    account: 'account',
  })
  expect(impliedActions(manifest, ['b'])).toEqual(['a', 'b', 'c'])
  expect(impliedActions(manifest, ['d', 'd'])).toEqual(['d'])
  expect(impliedActions(manifest, [])).toEqual([])
})

test('a pack of 0.1 that names its reasons without texts can be loaded, and has general texts', async () => {
  const path = join(dir, 'nursing/manifest.yaml')
  const text = readFileSync(path, 'utf8').replaceAll(/^ {4}(user|admin|cure|owner|owner_cure): .*\n/gmu, '')
  writeFileSync(path, text)
  const { packs } = await loaded()
  const nursing = packs.find(({ name }) => name === 'nursing')
  expect(nursing && describeDomain(nursing).reasons['effort_above_limit']).toEqual({
    user: 'This is beyond what the owner lets an agent decide.',
    admin: 'The gate "effort" denies: a value is outside the limit that the owner\'s persona sets.',
    cure: 'The owner changes the limit, or decides in person.',
  })
})
