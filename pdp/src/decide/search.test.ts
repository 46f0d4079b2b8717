import { expect, test } from 'vitest'
import { forOneSearch, type SearchDeps } from './search.ts'

test('a search reads the personas of each subject once, and the next search reads them anew', async () => {
  const read: unknown[] = []
  const register = {
    grants: async () => [],
    personas: async (holder: unknown) => {
      read.push(holder)
      return []
    },
  }
  const deps = { register } as unknown as SearchDeps
  for (const search of [forOneSearch(deps), forOneSearch(deps)])
    await Promise.all(['user:a', 'user:b', 'user:a'].map((who) => search.register.personas(who as 'user:a')))
  expect(read).toEqual(['user:a', 'user:b', 'user:a', 'user:b'])
})
