import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadProgram, Program } from '../engine/engine.ts'
import { VaultKeys } from '../store/encryption.ts'
import { openSqlite } from '../store/sqlite.ts'
import { createStores } from '../store/stores.ts'
import type { Tuple } from '../tuples/tuples.ts'
import { groupByModel } from './by-model.ts'
import { EmbeddedStore } from './store.ts'

/** A model with one relation, whose tuples carry a condition. */
const model = (relation: string, expression = 'current_time < until') => ({
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'doc',
      relations: { [relation]: { this: {} } },
      metadata: {
        relations: {
          [relation]: {
            directly_related_user_types: [
              { type: 'user', condition: 'limited' },
              { type: 'doc', relation },
            ],
          },
        },
      },
    },
  ],
  conditions: {
    limited: {
      name: 'limited',
      expression,
      parameters: { current_time: { type_name: 'TYPE_NAME_TIMESTAMP' }, until: { type_name: 'TYPE_NAME_TIMESTAMP' } },
    },
  },
})
const tuple = (relation: string, until: unknown = '2031-01-01T00:00:00Z'): Tuple => ({
  user: 'user:a',
  relation,
  object: 'doc:1',
  condition: { name: 'limited', context: { until } },
})

async function openStore(): Promise<EmbeddedStore> {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-embedded-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const database = openSqlite(join(dir, 'pdp.db'))
  onTestFinished(() => database.close())
  const { tuples } = await createStores(database, { clock: () => 0, keys: VaultKeys.random() })
  return new EmbeddedStore(tuples ?? expect.fail(), () => 1)
}

test('a model that the engine does not evaluate as a whole is refused, and says where it can be', async () => {
  const store = await openStore()
  await expect(store.writeModel(model('reader', 'string(current_time).matches("a")'))).rejects.toMatchObject({
    code: 'policy_invalid',
    detail: expect.stringMatching(/condition limited: .*ENGINE=memory/u),
  })
})

test('an equal model has the same id, another one another', async () => {
  const store = await openStore()
  const ids = await Promise.all([model('reader'), model('reader'), model('writer')].map((one) => store.writeModel(one)))
  expect(new Set(ids).size).toBe(2)
  expect(ids[0]).toBe(ids[1])
})

test.for([
  ['one that the model allows', tuple('reader'), undefined],
  ['another relation', tuple('writer'), /does not allow writer of doc for user with limited/u],
  ['without its condition', { user: 'user:a', relation: 'reader', object: 'doc:1' }, /does not allow reader/u],
  ['a value of another type', tuple('reader', 5), /condition limited/u],
  ['a value that is finer than the engine', tuple('reader', '2031-01-01T00:00:00.000001Z'), /precision/u],
  ['a control character, which OpenFGA refuses', tuple('reader', '2031-01-01\n'), /control characters/u],
  ['half of a character', tuple('reader', '\ud800'), /well-formed/u],
  [
    'a set as a member of itself',
    { user: 'doc:1#reader', relation: 'reader', object: 'doc:1' },
    /reader of a doc for everyone who has it/u,
  ],
  ['the set of another object', { user: 'doc:2#reader', relation: 'reader', object: 'doc:1' }, undefined],
] as const)('what speaks against storing a tuple: %s', ([, stored, objection]) => {
  const program = loadProgram(model('reader'))
  if (!(program instanceof Program)) expect.fail(program.problems.join('\n'))
  const found = program.objectionTo(stored)
  if (objection) expect(found).toMatch(objection)
  else expect(found).toBeUndefined()
})

test('each tuple is moved under the first model that allows it', () => {
  const [inForce, older] = [
    { id: 'new', model: model('reader') },
    { id: 'old', model: model('writer') },
  ]
  const groups = groupByModel([tuple('writer'), tuple('reader')], [inForce, older])
  expect(new Map(groups.map((group) => [group.model.id, group.tuples]))).toEqual(
    new Map([
      ['old', [tuple('writer')]],
      ['new', [tuple('reader')]],
    ]),
  )
  expect(() => groupByModel([tuple('owner')], [inForce, older])).toThrow('no model allows a tuple of doc#owner')
})
