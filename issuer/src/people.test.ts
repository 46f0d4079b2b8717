import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openDatabase } from './database.ts'
import { People } from './people.ts'

const ADA = { username: 'ada', password: 'a-long-enough-password', totpSecret: new Secret({ size: 20 }).base32 }

async function somePeople(): Promise<{ readonly people: People; readonly folder: string; readonly sub: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-people-'))
  const database = openDatabase(folder)
  onTestFinished(() => {
    database.close()
    rmSync(folder, { recursive: true })
  })
  const people = new People(database)
  await people.add(ADA)
  return { people, folder, sub: people.byUsername('ada')?.sub ?? expect.unreachable() }
}

const codeAt = (timestamp: number) => new TOTP({ secret: Secret.fromBase32(ADA.totpSecret) }).generate({ timestamp })

test('a code is accepted once, and none that is older than the last one', async () => {
  const { people, sub } = await somePeople()
  const now = Date.now()
  expect(people.checkCode(sub, codeAt(now))).toBe(true)
  expect(people.checkCode(sub, codeAt(now))).toBe(false)
})

test('the codes of the steps before and after are accepted, and none beyond', async () => {
  const { people, sub } = await somePeople()
  const now = Date.now()
  vi.spyOn(Date, 'now').mockReturnValue(now)
  onTestFinished(() => void vi.restoreAllMocks())
  expect(people.checkCode(sub, codeAt(now - 30_000))).toBe(true)
  expect(people.checkCode(sub, codeAt(now + 30_000))).toBe(true)
  expect(people.checkCode(sub, codeAt(now + 60_000))).toBe(false)
})

test('an authenticator that is set up is not replaced', async () => {
  const { people, sub } = await somePeople()
  people.setTotpSecret(sub, new Secret({ size: 20 }).base32)
  expect(people.bySub(sub)?.totpSecret).toBe(ADA.totpSecret)
  await people.add({ username: 'bo', password: 'a-long-enough-password' })
  const bo = people.byUsername('bo')?.sub ?? expect.unreachable()
  people.setTotpSecret(bo, ADA.totpSecret)
  expect(people.checkCode(bo, codeAt(Date.now()))).toBe(true)
})

test('a locked login takes neither its password nor a code', async () => {
  const { people, sub } = await somePeople()
  for (let tries = 0; tries < 5; tries++) await people.checkPassword('ada', 'another-long-password')
  expect(await people.checkPassword('ada', ADA.password)).toBeUndefined()
  expect(people.checkCode(sub, codeAt(Date.now()))).toBe(false)
})

test('a short password is refused, and an existing login is not changed', async () => {
  const { people } = await somePeople()
  await expect(people.add({ username: 'bo', password: 'short' })).rejects.toThrow(TypeError)
  await people.add({ ...ADA, password: 'another-long-password' })
  expect(await people.checkPassword('ada', ADA.password)).toMatchObject({ username: 'ada', roles: [] })
})

test('the database is readable for its owner alone', async () => {
  const { folder } = await somePeople()
  expect(statSync(join(folder, 'issuer.db')).mode & 0o777).toBe(0o600)
})
