import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { issuerKeys } from './issuer-keys.ts'

async function aKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
  return { jwk, token: await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey) }
}

/** Serves whatever is in `keys`, and counts how often it is asked. */
async function serving(keys: JWK[]) {
  const asked = { times: 0 }
  const server = createServer((_req, res) => {
    asked.times += 1
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
  onTestFinished(() => void server.close())
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`), asked }
}

test('tokens of a key that came a moment after the keys were fetched are verified, by one more fetch for all', async () => {
  const [old, fresh] = await Promise.all([aKey('old'), aKey('fresh')])
  const keys = [old.jwk]
  const { url, asked } = await serving(keys)
  const known = issuerKeys(url)
  await jwtVerify(old.token, known)
  keys.push(fresh.jwk)
  await Promise.all(Array.from({ length: 20 }, () => jwtVerify(fresh.token, known)))
  expect(asked.times).toBe(2)
})

test('of forged ones thirty-two wait, and the others are refused meanwhile', async () => {
  const [real, forged] = await Promise.all([aKey('real'), aKey('forged')])
  const { url, asked } = await serving([real.jwk])
  const known = issuerKeys(url)
  await jwtVerify(real.token, known)
  let refused = 0
  const tries = Array.from({ length: 100 }, () =>
    jwtVerify(forged.token, known).catch(() => {
      refused += 1
    }),
  )
  await jwtVerify(real.token, known)
  await expect.poll(() => refused, { interval: 5 }).toBe(68)
  await Promise.all(tries)
  expect(refused).toBe(100)
  expect(asked.times).toBe(2)
})
