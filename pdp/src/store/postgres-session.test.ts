import { expect, test } from 'vitest'
import { databasePlace, storeErrorOf } from './postgres-session.ts'

test.for([
  ['postgres://mandate:secret@db.example:55777/mandate_pdp', 'db.example:55777/mandate_pdp'],
  ['postgres://mandate:secret@db.example/mandate_pdp', 'db.example:5432/mandate_pdp'],
  ['postgres://mandate:secret@db.example', 'db.example:5432/mandate'],
] as const)('the place of %s is %s: a URL without a database means that of the user', ([url, place]) => {
  expect(databasePlace(url)).toBe(place)
})

test.for([
  ['connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED 127.0.0.1:5432'],
  ['', 'ECONNREFUSED'],
] as const)('a refused connection (%j) asks for what an operator can check', ([message, said]) => {
  const error = Object.assign(new Error(message), { code: 'ECONNREFUSED' })
  expect(String(storeErrorOf(error))).toContain(
    `the database cannot be used: ${said}: is PostgreSQL running, are host and port right?`,
  )
})
