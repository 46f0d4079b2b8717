import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { TAKEN } from './add-service.ts'

const realm = z
  .object({
    clients: z.array(z.object({ clientId: z.string() })),
    clientScopes: z.array(z.object({ name: z.string() })),
  })
  .parse(JSON.parse(readFileSync(new URL('../../keycloak/realm.json', import.meta.url), 'utf8')))

test('no client or scope of the realm can be replaced by a service of that name', () => {
  const names = [...realm.clients.map(({ clientId }) => clientId), ...realm.clientScopes.map(({ name }) => name)]
  expect(names.filter((name) => !TAKEN.has(name))).toEqual([])
  // Clients that Keycloak makes in every realm, whether realm.json has them or not.
  expect(['account', 'broker', 'realm-management'].every((name) => TAKEN.has(name))).toBe(true)
})
