import { expect, test } from 'vitest'
import { SqliteChangeJournal } from './changes.ts'
import { openDatabase } from './database.ts'
import { SqliteIntents } from './intents.ts'

test('the marker of a change of facts that is not finished is kept, however old', () => {
  const database = openDatabase(':memory:')
  const [journal, intents] = [new SqliteChangeJournal(database), new SqliteIntents(database)]
  const change = { plan: { id: 'b', steps: {} }, domain: 'sheets', write: [], remove: [] }
  intents.putFactChange(change)
  for (const id of ['a', 'b']) {
    journal.begin({ id, at: 1, keys: [] })
    journal.decided(id, 1)
  }
  expect(journal.decidedBefore(2, 10)).toEqual(['a'])
  intents.dropFactChange(change)
  expect(journal.decidedBefore(2, 10)).toEqual(['a', 'b'])
})

test('a change that was decided without having begun leaves a marker that is swept', () => {
  const journal = new SqliteChangeJournal(openDatabase(':memory:'))
  journal.decided('a', 1)
  expect(journal.undecided()).toEqual([])
  expect(journal.decidedBefore(2, 10)).toEqual(['a'])
})
