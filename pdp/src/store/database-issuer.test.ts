import { expect, test } from 'vitest'
import { requireIssuer } from './database-issuer.ts'
import { openSqlite } from './sqlite.ts'

const [ACME, BOLT] = ['https://id.example/realms/acme', 'https://id.example/realms/bolt']
const nobody = async (): Promise<undefined> => undefined

/** A new database, or one of a release that noted no issuer: both have none. */
function aDatabase() {
  const database = openSqlite(':memory:')
  const start = (issuer: string, former?: string, runs: () => Promise<string | undefined> = nobody) =>
    requireIssuer(database, { issuer, former }, runs)
  return { database, start }
}

test('a database belongs to the issuer of its first start; another one is refused, and told which one it is', async () => {
  const { database, start } = aDatabase()
  await start(ACME)
  await start(ACME)
  await expect(start(BOLT)).rejects.toThrow(`PDP_ISSUER: the database belongs to the issuer ${ACME}.`)
  await expect(start(BOLT, 'https://elsewhere.example')).rejects.toThrow(`set PDP_FORMER_ISSUER=${ACME};`)
  await start(ACME)
  await database.close()
})

test('an issuer is equal character by character', async () => {
  const { database, start } = aDatabase()
  await start(ACME)
  for (const like of [`${ACME}/`, ACME.toUpperCase(), ACME.replace('https', 'http')])
    await expect(start(like)).rejects.toThrow('PDP_ISSUER')
  await database.close()
})

test('the former issuer is replaced when it is named, and not beside a PDP that runs with it; then it is refused', async () => {
  const { database, start } = aDatabase()
  await start(ACME)
  await expect(start(BOLT, ACME, async () => 'pdp.example/1')).rejects.toThrow(
    'PDP_FORMER_ISSUER: the PDP pdp.example/1 runs on this database with the former issuer: stop all PDPs first',
  )
  await start(ACME)
  await start(BOLT, ACME)
  await start(BOLT, ACME)
  await expect(start(ACME)).rejects.toThrow(`the issuer ${BOLT}`)
  await database.close()
})
