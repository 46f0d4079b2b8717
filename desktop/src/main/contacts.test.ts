import { expect, test } from 'vitest'
import { Contacts } from './contacts.ts'
import { memoryStore } from './store.ts'

const PEOPLE = [{ party: 'user:y', name: 'Yannick' }]
const aList = () => new Contacts(memoryStore(), { agents: [{ id: 'bot', title: 'Lab bot' }], people: PEOPLE })

test('a person of the settings has their name there, until the person gives one of their own and when they remove it', async () => {
  const contacts = aList()
  const given = [{ party: 'user:y', name: 'Yannick', note: '', bySettings: true }]
  expect(await contacts.list()).toEqual(given)
  await contacts.save({ party: 'user:y', name: 'Yann', note: 'of acme' })
  expect(await contacts.list()).toEqual([{ party: 'user:y', name: 'Yann', note: 'of acme' }])
  await contacts.remove('user:y')
  expect(await contacts.list()).toEqual(given)
})

test('names of the settings are listed with those of the person, by name', async () => {
  const contacts = aList()
  await contacts.save({ party: 'user:z', name: 'Zoe', note: '' })
  await contacts.save({ party: 'user:a', name: 'Ada', note: '' })
  expect((await contacts.list()).map(({ name }) => name)).toEqual(['Ada', 'Yannick', 'Zoe'])
})
