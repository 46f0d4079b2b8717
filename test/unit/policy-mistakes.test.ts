/**
 * Mistakes that are easily made in a pack: each is reported once, by file and line, with what is wrong and how to mend it. The pack is the one that
 * `mandate policy new` writes.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run } from '../../cli/src/program.ts'

let dir: string
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mandate-mistakes-'))
  await mandate('policy', 'new', join(dir, 'lab'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

async function mandate(...argv: readonly string[]): Promise<string> {
  let said = ''
  const out = (text: string): void => {
    said += text
  }
  await run(argv, { out, err: out, environment: {} })
  return said
}

/** What `check` says after a change; its last line aside. */
async function saidAfter(file: string, from: string, to: string): Promise<readonly string[]> {
  const path = join(dir, 'lab', file)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
  const lines = (await mandate('policy', 'check', join(dir, 'lab'))).trimEnd().split('\n')
  expect(lines.at(-1)).toMatch(/^FAILED: \d mistakes?$/u)
  return lines.slice(0, -1)
}

test.for<readonly [string, string, string, string, string]>([
  ['a model without its first line', 'model.fga', 'module lab_pack\n', '', ':5: .*begins with a line "module NAME"'],
  [
    'persona declared anew',
    'model.fga',
    'extend type persona',
    'type persona',
    ':6: .*core.fga: write "extend type persona"',
  ],
  ['two types of one name', 'model.fga', 'type lab_item', 'type lab_order', ':13: .*lab_order.* Rename one of the two'],
  ['a misspelt type', 'model.fga', '[lab_order with', '[lab_ordr with', ':20: .* Did you mean "lab_order"'],
  ['a misspelt condition', 'model.fga', '[user with held]', '[user with helt]', ':15: .* Did you mean "held"'],
  [
    'a type in upper case',
    'model.fga',
    'type lab_item',
    'type LabThing\n\ntype lab_item',
    ':18: type LabThing: its name must be .*lower-case',
  ],
])('in the model: %s', async ([, file, from, to, said]) => {
  expect(await saidAfter(file, from, to)).toEqual([expect.stringMatching(new RegExp(`^lab/${file}${said}`, 'u'))])
})

test.for<readonly [string, string, string, string]>([
  [
    'a reason of the core at a gate',
    'reason: amount_above_limit',
    'reason: owner',
    ':54: gates.1.reason: "owner" means something else in every domain; name a reason of this gate',
  ],
  [
    'no relation of a gate',
    'relation: lab_amount',
    'relation: lab_amout',
    ':53: .*define lab_amout: \\[user with at_most\\], under "extend type persona"; did you mean "lab_amount"',
  ],
  [
    'an implied action that is none',
    'implies: [read], verb: change',
    'implies: [raed], verb: change',
    ':27: .*no action "raed"; did you mean "read"',
  ],
  [
    'a misspelt member',
    'opaque_ids: true, parent',
    'opaque_id: true, parent',
    ':33: resources.lab_item.opaque_id: .*did you mean "opaque_ids"',
  ],
  ['a word of another list', 'assume: self', 'assume: everyone', ':10: .*must be one of self, administrator'],
  ['a text without its value', 'label: Lab', 'label:', ':3: label: must be a text, and is empty$'],
  [
    'a suggested limit without a currency',
    '{ at_most: 10000, currency: EUR }',
    '{ at_most: 100 }',
    ':65: .*money needs a currency',
  ],
  ['a sentence without its limit', 'up to {limit} an', 'up to an', ':64: .*must hold \\{limit\\}'],
  [
    'a default of another type',
    '{ type: instant,',
    '{ type: instant, default: soon,',
    ':40: attributes.due_at.default: must be an RFC 3339',
  ],
])('in the manifest: %s', async ([, from, to, said]) => {
  expect(await saidAfter('manifest.yaml', from, to)).toEqual([
    expect.stringMatching(new RegExp(`^lab/manifest\\.yaml${said}`, 'u')),
  ])
})

test('a gate with another bound than the model shows the line that the model needs, and what it says', async () => {
  expect(await saidAfter('model.fga', 'lab_amount: [user with at_most]', 'lab_amount: [user with at_least]')).toEqual([
    expect.stringMatching(
      /^lab\/manifest\.yaml:53: .*define lab_amount: \[user with at_most\]; now it says \[user with at_least\]$/u,
    ),
  ])
})

test('no owner, and an owner of another form, show the line that the model needs', async () => {
  expect(await saidAfter('model.fga', 'define owner: [user with held]', 'define writer: [user]')).toEqual([
    'lab/manifest.yaml:32: resources.lab_order: the model must say: type lab_order … define owner: [user with held]',
  ])
  expect(await saidAfter('model.fga', 'define writer: [user]', 'define owner: [user]')).toEqual([
    expect.stringMatching(/define owner: \[user with held\]; now it says \[user\]$/u),
  ])
})

test('a gate without its attribute is told all that goes with it', async () => {
  expect(await saidAfter('manifest.yaml', '    attribute: amount\n', '')).toEqual([
    'lab/manifest.yaml:52: gates.1: attribute and bound go together',
    'lab/manifest.yaml:52: gates.1: form needs an attribute',
  ])
})

test.for<readonly [string, string, string, string]>([
  ['a tab', '    then:', '\tthen:', ':21: a tab is no indentation in YAML; indent with spaces$'],
  ['an unquoted colon', 'case: an agent', 'case: agent: it', ':35: .*put a text that contains ": " in quotes$'],
  [
    'a title that is none',
    'ann: lab-requester',
    'ann: requester',
    ':5: .*no title "requester"; there are lab-requester, lab-approver$',
  ],
  ['a persona without a circle', 'ann: lab-requester/home', 'ann: lab-requester', ':5: .*as title/circle'],
  [
    'a limit of no attribute',
    'actions: [approve], on: order }',
    'actions: [approve], on: order, limits: [{ attribute: amont, at_most: 5 }] }',
    ':28: .*did you mean "amount"',
  ],
  [
    'a limit of money without a currency',
    'actions: [approve], on: order }',
    'actions: [approve], on: order, limits: [{ attribute: amount, at_most: 5 }] }',
    ':28: .*add its currency',
  ],
  ['a setting on the other side', '{ at_most: 10000,', '{ at_least: 10000,', ':17: .*the gate amount is at_most'],
  ['an amount as text', '{ amount: 7500, currency: EUR }', '75.00 EUR', ':13: .*minor units, currency: ISO 4217'],
  ['an instant in words', 'in 3 days', 'in three days', ':13: .*in 5 hours, 3 days ago'],
  ['a person who is misspelt', 'ask: cleo read order', 'ask: cloe read order', ':24: .*did you mean "cleo"'],
  ['a reason that is misspelt', 'deny: [no_grant]', 'deny: [no_grand]', ':24: .*did you mean "no_grant"'],
])('in the cases: %s', async ([, from, to, said]) => {
  expect(await saidAfter('cases.yaml', from, to)).toEqual([
    expect.stringMatching(new RegExp(`^lab/cases\\.yaml${said}`, 'u')),
  ])
})

test('facts are checked as the PDP checks them', async () => {
  await mandate('init', join(dir, 'documents'), '--shape', 'relations')
  const path = join(dir, 'documents/facts.yaml')
  const facts = `${readFileSync(path, 'utf8')}  - { subject: { type: documents_team, id: blue }, relation: editor, resource: { type: documents_document, id: plan } }
  - { subject: { type: user, id: dan }, relation: can_read, resource: { type: documents_document, id: plan } }
  - { subject: { type: user, id: dan }, relation: viewer, resource: { type: documents_document, id: plan }, condition: { name: for_a_while, context: { begins: '2026-01-01T00:00:00Z', lasts: 1 day } } }
  - { subject: { type: user, id: dan }, relation: reviewer, resource: { type: documents_document, id: plan }, condition: { name: when_small } }
`
  writeFileSync(path, facts)
  const lines = (await mandate('policy', 'check', join(dir, 'documents'))).trimEnd().split('\n')
  expect(lines).toEqual([
    'documents/facts.yaml:8: facts.4.subject: the model does not allow it here; it says: documents_document#editor: [user]',
    'documents/facts.yaml:9: facts.5.subject: documents_document#can_read follows from other relations; store those instead',
    expect.stringMatching(
      /^documents\/facts\.yaml:10: facts\.6\.condition\.context\.lasts: must be a duration .*1h30m/u,
    ),
    'documents/facts.yaml:11: facts.7.condition.context.most: is missing; no question gives it.',
    'FAILED: 4 mistakes',
  ])
})

test('a subject type that the model has as a type, and a domain and a type that another pack has', async () => {
  const said = await saidAfter('manifest.yaml', 'account: lab_account', 'account: lab_account\nsubjects: [lab_item]')
  expect(said).toEqual([
    expect.stringMatching(
      /^lab\/manifest\.yaml:36: subjects\.0: lab_item is a type of lab\/model\.fga, but a subject type/u,
    ),
  ])
  await mandate('policy', 'new', join(dir, 'other'))
  const manifest = join(dir, 'other/manifest.yaml')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('domain: other', 'domain: lab'))
  expect(await mandate('policy', 'check', join(dir, 'lab'), join(dir, 'other'))).toContain(
    'other/manifest.yaml:2: domain "lab" belongs to lab already\n',
  )
})
