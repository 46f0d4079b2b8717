import { expect, onTestFinished, test, vi } from 'vitest'
import { aWorld } from './core.fixture.ts'

const good = (value: unknown) => ({ ok: true, value })
const bad = (code: string) => ({ ok: false, problem: expect.objectContaining({ code }) })
const signedIn = () => good(expect.objectContaining({ state: 'signed_in' }))

test.for([-10_800, -40, 40, 10_800])(
  'also where no answer has a date, as Keycloak`s have none: %i seconds',
  async (skewS) => {
    const { core, issuer, start } = await aWorld()
    Object.assign(issuer.wrong, { skewS, dateless: 'jarm' })
    expect(await core.call('session.signIn', undefined)).toEqual(signedIn())
    expect(await core.call('trips.list', undefined)).toEqual(good({ items: [] }))
    await core.close()
    expect(await start().call('trips.list', undefined)).toEqual(good({ items: [] }))
  },
)

test('where nothing tells the time, the clock is named', async () => {
  const { core, issuer } = await aWorld()
  Object.assign(issuer.wrong, { skewS: 40, dateless: 'mute' })
  expect(await core.call('session.signIn', undefined)).toEqual(bad('clock_wrong'))
  issuer.wrong.skewS = 0
  expect(await core.call('session.signIn', undefined)).toEqual(signedIn())
})

test.for([undefined, 'jarm'] as const)(
  'a clock that is set right amid a session does not end it: answers %s',
  async (dateless) => {
    const { core, issuer } = await aWorld()
    const realNow = Date.now
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() + 3_600_000)
    onTestFinished(() => clock.mockRestore())
    Object.assign(issuer.wrong, { skewS: -3_600, dateless })
    expect(await core.call('session.signIn', undefined)).toEqual(signedIn())
    clock.mockRestore()
    issuer.wrong.skewS = 0
    expect(await core.call('trips.list', undefined)).toEqual(good({ items: [] }))
    await core.close()
  },
)
