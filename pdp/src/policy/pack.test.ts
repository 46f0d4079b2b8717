import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { impliedActions, manifestSchema } from './manifest.ts'
import { loadPolicies, PolicyError } from './pack.ts'

const SHIPPED = join(import.meta.dirname, '../../policies')
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-policies-'))
  cpSync(SHIPPED, dir, { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** What loading says after one file was changed. */
async function saidOf(file: string, change: (text: string) => string | undefined): Promise<string> {
  const path = join(dir, file)
  const text = change(readFileSync(path, 'utf8'))
  if (text === undefined) rmSync(path)
  else writeFileSync(path, text)
  try {
    await loadPolicies(dir)
    return 'loaded'
  } catch (error) {
    if (error instanceof PolicyError) return error.message
    throw error
  }
}

describe('the packs that ship', () => {
  test('load, and are found by type, title and domain', async () => {
    const { packs, byType, byTitle, byDomain } = await loadPolicies(dir)
    const travel = byDomain.get('travel')
    expect(packs).toContain(travel)
    for (const type of ['workflow', 'workflow_item', 'travel_account']) expect(byType.get(type)).toBe(travel)
    expect(byTitle.get('travel-agent')).toBe(travel)
    expect(travel?.version).toMatch(/^travel@[0-9a-f]{12}$/)
  })

  test('have a version that changes with their content and with nothing else', async () => {
    const version = async () => (await loadPolicies(dir)).byDomain.get('travel')?.version
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
    ['a list without the core', 'fga.mod', replaced(/ *- core.fga\n/, ''), /^fga\.mod: contents must list core\.fga/],
    ['a list of another schema', 'fga.mod', replaced('1.2', '1.1'), /^fga\.mod: /],
    ['a list that is no YAML', 'fga.mod', () => 'contents: [', /^fga\.mod: /],
    ['no YAML', 'travel/manifest.yaml', () => 'domain: [', /^travel\/manifest\.yaml: /],
    ['a word nobody knows', 'travel/manifest.yaml', (text) => `${text}\ncolour: red\n`, /manifest\.yaml: .*colour/s],
    ['no account', 'travel/manifest.yaml', replaced('account: travel_account', ''), /manifest\.yaml: .*account/s],
    [
      'an action nobody declared',
      'travel/manifest.yaml',
      replaced('own: [read]', 'own: [fly]'),
      /there is no action "fly"/,
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
      /implies: there is no action "fly"/,
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
      'a model that does not parse',
      'travel/model.fga',
      (text) => `${text}\nnonsense\n`,
      /^the model does not compose: .*travel\/model\.fga/s,
    ],
  ])('%s', async ([, file, change, said]) => {
    expect(await saidOf(file, change)).toMatch(said)
  })

  test('two domains that claim the same', async () => {
    mkdirSync(join(dir, 'again'))
    for (const name of ['manifest.yaml', 'model.fga']) cpSync(join(dir, 'travel', name), join(dir, 'again', name))
    writeFileSync(join(dir, 'again/model.fga'), 'module again\n\ntype again_thing\n')
    const listed = (text: string) => `${text.trimEnd()}\n  - again/model.fga\n`
    expect(await saidOf('fga.mod', listed)).toBe('travel/manifest.yaml: domain "travel" belongs to travel already')
    writeFileSync(join(dir, 'fga.mod'), readFileSync(join(SHIPPED, 'fga.mod')))
    const again = readFileSync(join(dir, 'again/manifest.yaml'), 'utf8').replace('domain: travel', 'domain: again')
    writeFileSync(join(dir, 'again/manifest.yaml'), again)
    expect(await saidOf('fga.mod', listed)).toMatch(
      /^again\/manifest\.yaml: resource type "workflow" belongs to travel/,
    )
  })
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
