import { expect, test } from 'vitest'
import { SqliteChangeJournal } from './changes.ts'
import { openDatabase } from './database.ts'
import { SqliteIntents } from './intents.ts'

test('the marker of a change of facts that is not finished is kept, however old', async () => {
  const database = openDatabase(':memory:')
  const [journal, intents] = [new SqliteChangeJournal(database), new SqliteIntents(database)]
  const change = { plan: { id: 'b', steps: {} }, domain: 'sheets', write: [], remove: [] }
  await intents.putFactChange(change)
  for (const id of ['a', 'b']) {
    await journal.begin({ id, at: 1, keys: [] })
    await journal.decided(id, 1)
  }
  expect(await journal.decidedBefore(2, 10)).toEqual(['a'])
  await intents.dropFactChange(change)
  expect(await journal.decidedBefore(2, 10)).toEqual(['a', 'b'])
})

test('a change that was decided without having begun leaves a marker that is swept', async () => {
  const journal = new SqliteChangeJournal(openDatabase(':memory:'))
  await journal.decided('a', 1)
  expect(await journal.undecided()).toEqual([])
  expect(await journal.decidedBefore(2, 10)).toEqual(['a'])
})
