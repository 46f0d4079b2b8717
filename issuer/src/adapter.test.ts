import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteAdapter, sweep } from './adapter.ts'
import { openDatabase } from './database.ts'

function adapters() {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-adapter-'))
  const database = openDatabase(folder)
  onTestFinished(() => {
    database.close()
    rmSync(folder, { recursive: true })
  })
  const of = (model: string) => new SqliteAdapter(database, model)
  return { codes: of('AuthorizationCode'), tokens: of('RefreshToken'), grants: of('Grant'), database }
}

test('a code that is read twice before it is used can be used once; the second use ends its grant', async () => {
  const { codes, tokens, grants } = adapters()
  await grants.upsert('g', { accountId: 'a' })
  await codes.upsert('c', { grantId: 'g' }, 60)
  await tokens.upsert('t', { grantId: 'g' }, 60)
  await codes.consume('c')
  expect(await codes.find('c')).toMatchObject({ consumed: expect.any(Number) })
  await expect(codes.consume('c')).rejects.toMatchObject({ error: 'invalid_grant' })
  expect([await grants.find('g'), await tokens.find('t')]).toEqual([undefined, undefined])
})

test('what has expired is not found, and is deleted by a sweep', async () => {
  const { codes, database } = adapters()
  await codes.upsert('old', { grantId: 'g' }, -1)
  await codes.upsert('new', { grantId: 'g' }, 60)
  expect([await codes.find('old'), await codes.find('new')]).toEqual([undefined, { grantId: 'g' }])
  sweep(database)
  expect(database.prepare('SELECT id FROM state').get()?.['id']).toBe('new')
})
