import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { type CallerOptions, Callers } from '../../pdp/src/http/caller.ts'
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
