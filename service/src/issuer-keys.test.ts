import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errors, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose'
import { Agent } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { createIssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts'

async function aKey(kid: string, alg: 'ES256' | 'RS256' = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
  return { jwk, token: await new SignJWT({}).setProtectedHeader({ alg, kid }).sign(privateKey) }
}

/** An issuer that serves what is in `keys` while it is not `away`, and counts the requests. */
async function anIssuer(keys: JWK[], options: IssuerKeysOptions = {}, answer?: RequestListener) {
  const state = { asked: 0, isAway: false }
  const server = createServer((req, res) => {
    state.asked += 1
    if (state.isAway) res.destroy()
    else if (answer) answer(req, res)
    else res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`)
  const issuerKeys = createIssuerKeys(url, options)
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await issuerKeys.close()
  })
  return { state, issuerKeys, verify: (token: string) => jwtVerify(token, issuerKeys.keyFor) }
}

test('tokens of a key that came a moment after the keys were fetched are verified, by one more fetch for all', async () => {
  const [old, fresh] = await Promise.all([aKey('old'), aKey('fresh')])
  const keys = [old.jwk]
  const { state, verify } = await anIssuer(keys)
  await verify(old.token)
  keys.push(fresh.jwk)
  await Promise.all(Array.from({ length: 20 }, () => verify(fresh.token)))
  expect(state.asked).toBe(2)
})

test('of forged ones thirty-two wait, and the others are refused meanwhile', async () => {
  const [real, forged] = await Promise.all([aKey('real'), aKey('forged')])
  const { state, verify } = await anIssuer([real.jwk])
  await verify(real.token)
  let refused = 0
  const tries = Array.from({ length: 100 }, () =>
    verify(forged.token).catch(() => {
      refused += 1
    }),
  )
  await verify(real.token)
  await expect.poll(() => refused, { interval: 5 }).toBe(68)
  await Promise.all(tries)
  expect(refused).toBe(100)
  expect(state.asked).toBe(2)
})

test('whoever has waited makes room for the next ones', async () => {
  const [real, forged] = await Promise.all([aKey('real'), aKey('forged')])
  const { verify } = await anIssuer([real.jwk], { cooldownMs: 50 })
  await verify(real.token)
  const round = () =>
    Promise.allSettled(Array.from({ length: 32 }, () => verify(forged.token).catch((error: unknown) => error)))
  for (let rounds = 0; rounds < 3; rounds += 1)
    for (const { value } of (await round()) as { value: unknown }[])
      expect(value).toBeInstanceOf(errors.JWKSNoMatchingKey)
})

test('unknown keys have the keys fetched once in a cool-down, however many tokens name one', async () => {
  const [real, ...forged] = await Promise.all([
    aKey('real'),
    ...Array.from({ length: 10 }, (_, index) => aKey(`f${index}`)),
  ])
  const { state, verify } = await anIssuer([real.jwk], { cooldownMs: 600_000 })
  await verify(real.token)
  void forged.map(({ token }) => verify(token).catch(() => undefined))
  await verify(real.token)
  expect(state.asked).toBe(1)
})

test('while the issuer is away, known keys verify, an unknown one is known to be so, and its return is seen at once', async () => {
  const [old, fresh] = await Promise.all([aKey('old'), aKey('fresh')])
  const keys = [old.jwk]
  const { state, issuerKeys, verify } = await anIssuer(keys, { cooldownMs: 1 })
  expect(issuerKeys.isUnknown('old')).toBe(false)
  await verify(old.token)
  state.isAway = true
  await verify(old.token)
  const found = await verify(fresh.token).catch((error: unknown) => error)
  expect(found).toBeInstanceOf(Error)
  expect(issuerKeys.isUnknown('fresh')).toBe(true)
  expect(issuerKeys.isUnknown('old')).toBe(false)
  state.isAway = false
  keys.push(fresh.jwk)
  await verify(fresh.token)
})

test('an issuer that was never reached is asked for each token, and says nothing about the token', async () => {
  const { jwk, token } = await aKey('real')
  const { state, issuerKeys, verify } = await anIssuer([jwk])
  state.isAway = true
  await expect(verify(token)).rejects.not.toBeInstanceOf(errors.JWKSNoMatchingKey)
  expect(issuerKeys.isUnknown('real')).toBe(false)
  state.isAway = false
  await verify(token)
})

test('a fetch that takes too long is given up', async () => {
  const { token } = await aKey('real')
  const { verify } = await anIssuer([], { timeoutMs: 50 }, () => undefined)
  await expect(verify(token)).rejects.toBeInstanceOf(errors.JWKSTimeout)
})

test('an answer of more than 64 KiB is not read', async () => {
  const { jwk, token } = await aKey('real')
  const padded = JSON.stringify({ keys: [jwk], padding: 'x'.repeat(70_000) })
  const { verify } = await anIssuer([], {}, (_req, res) =>
    res.setHeader('content-type', 'application/json').end(padded),
  )
  await expect(verify(token)).rejects.toThrow()
})

test('connections that the caller gives are used, and left to the caller', async () => {
  const { jwk, token } = await aKey('real')
  const dispatcher = new Agent()
  const { issuerKeys, verify } = await anIssuer([jwk], { dispatcher })
  await verify(token)
  await issuerKeys.close()
  expect(dispatcher.closed).toBe(false)
  await dispatcher.close()
})

test('the RSA key of an id is given without a token', async () => {
  const { jwk } = await aKey('rsa', 'RS256')
  const { issuerKeys } = await anIssuer([jwk])
  expect(await issuerKeys.rsaKey('rsa')).toMatchObject({ type: 'public' })
  await expect(issuerKeys.rsaKey('other')).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
})
