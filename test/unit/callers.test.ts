import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { type CallerOptions, Callers } from '../../pdp/src/http/caller.ts'
import { createRefusedTokenLog } from '../../pdp/src/http/refused-tokens.ts'
import { startIssuer } from '../fixtures/issuer.ts'

afterEach(() => vi.useRealTimers())

test('a token that was verified is verified again after a minute, by keys that are fetched again after ten', async () => {
  const issuer = await startIssuer()
  onTestFinished(() => issuer.stop())
  const callers = new Callers({
    issuer: issuer.issuer,
    audience: 'pdp',
    services: new Map([['trips', ['workflow']]]),
    barrier: { pass: () => 0 },
    sessions: { isEnded: () => false },
  } as unknown as CallerOptions)
  onTestFinished(() => callers.close())
  const claims = { sub: 'service-account-trips', azp: 'trips', svc: 'trips', aud: 'pdp', lifetime: 800 }
  const authorization = `Bearer ${await issuer.token(claims)}`
  const identify = async (): Promise<number> => {
    expect(await callers.identify([authorization], {})).toMatchObject({
      name: 'service:trips',
    })
    return issuer.asked.length
  }
  vi.useFakeTimers({ toFake: ['Date'] })
  expect(await identify()).toBe(1)
  vi.setSystemTime(Date.now() + 59_000)
  expect(await identify()).toBe(1)
  vi.setSystemTime(Date.now() + 602_000)
  expect(await identify()).toBe(2)
})

test('the log says which check of a refused token failed, never the token, and each check once a minute', async () => {
  const issuer = await startIssuer()
  onTestFinished(() => issuer.stop())
  const logged: string[] = []
  let now = 0
  const warn = (fields: object, message: string): void => void logged.push(JSON.stringify({ ...fields, message }))
  const callers = new Callers({
    issuer: issuer.issuer,
    audience: 'pdp',
    services: new Map(),
    barrier: { pass: () => 0 },
    onRefused: createRefusedTokenLog({ clock: () => now, logger: { warn } }),
  } as unknown as CallerOptions)
  onTestFinished(() => callers.close())
  const claims = { sub: 'service-account-trips', azp: 'trips', svc: 'trips', aud: 'elsewhere' }
  const authorization = `Bearer ${await issuer.token(claims)}`
  const refused = (header: string) =>
    expect((async () => callers.identify([header], {}))()).rejects.toMatchObject({ code: 'unauthenticated' })
  await refused(authorization)
  await refused(authorization)
  await refused(`${authorization.slice(0, -8)}AAAAAAAA`)
  now = 60_000
  await refused(authorization)
  const audience = { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim: 'aud', reason: 'check_failed' }
  const message = 'a token was refused'
  expect(logged.map((line) => JSON.parse(line))).toEqual([
    { ...audience, message },
    { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', message },
    { ...audience, skipped: 1, message },
  ])
  for (const part of authorization.split(/[ .]/u).slice(1)) expect(logged.join()).not.toContain(part)
})
