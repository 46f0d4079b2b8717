import { cpSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { answerJson, aWorld, fakeKeystore, temporaryFolder } from './core.fixture.ts'
import type { Keystore } from './host.ts'

const WAIT = { timeout: 20_000, interval: 10 }
const good = (value: unknown) => ({ ok: true, value })
const bad = (code: string) => ({ ok: false, problem: expect.objectContaining({ code }) })
const signedIn = (more: object = {}) => good(expect.objectContaining({ state: 'signed_in', ...more }))

/** A keystore whose next seal waits, or fails. */
function stubborn(): Keystore & {
  readonly hold: () => () => void
  readonly isHolding: () => boolean
  isBroken: boolean
} {
  const inner = fakeKeystore()
  let gate: Promise<void> | undefined
  let waiting = 0
  return {
    ...inner,
    isBroken: false,
    async seal(text) {
      if (this.isBroken) throw new Error('the disk is full')
      waiting += 1
      await gate
      waiting -= 1
      return await inner.seal(text)
    },
    isHolding: () => waiting > 0,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return () => {
        gate = undefined
        resolve()
      }
    },
  }
}

const sealedFiles = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('session'))

test('two sign-ins at once are one', async () => {
  const { core, issuer } = await aWorld()
  const answers = await Promise.all([core.call('session.signIn', undefined), core.call('session.signIn', {})])
  expect(answers).toEqual([signedIn(), signedIn()])
  expect(issuer.asked.filter((path) => path === '/authorize')).toHaveLength(1)
})

test('a sign-in that is cancelled ends, and another one can begin', async () => {
  const { core, host, start, events } = await aWorld({ openExternal: async () => undefined })
  const under = core.call('session.signIn', undefined)
  await expect.poll(() => core.call('session.read', undefined), WAIT).toEqual(good({ state: 'signing_in' }))
  await core.call('session.cancelSignIn', undefined)
  expect(await under).toEqual(bad('cancelled'))
  expect(events.at(-1)).toEqual(['session', { state: 'signed_out' }])
  expect(await start({ host, timings: { signInMs: 30 } }).call('session.signIn', undefined)).toEqual(bad('timed_out'))
})

test.for([
  ['is refused at the provider’s page', { error: 'access_denied' }, 'refused'],
  ['is answered in another issuer’s name', { iss: 'https://evil.example' }, 'invalid_response'],
  ['finds no token endpoint', { token: 503 }, 'identity_unavailable'],
] as const)('a sign-in that %s is no sign-in', async ([, wrong, code]) => {
  const { core, issuer, host } = await aWorld()
  Object.assign(issuer.wrong, wrong)
  expect(await core.call('session.signIn', undefined)).toEqual(bad(code))
  expect(await core.call('session.read', undefined)).toEqual(good({ state: 'signed_out' }))
  expect(sealedFiles(host.dataDir)).toEqual([])
})

test('no provider, no sign-in; when it is back, it works', async () => {
  const { core, issuer, start, options } = await aWorld()
  await issuer.stop()
  expect(await core.call('session.signIn', undefined)).toEqual(bad('identity_unavailable'))
  expect(await start(options).call('session.read', undefined)).toEqual(good({ state: 'signed_out' }))
})

test.for([-10_800, 10_800])('a machine whose clock is off by %i seconds signs in and goes on', async (skewS) => {
  const { core, issuer, start } = await aWorld()
  issuer.wrong.skewS = skewS
  expect(await core.call('session.signIn', undefined)).toEqual(signedIn())
  expect(await core.call('trips.list', undefined)).toEqual(good({ items: [] }))
  await core.close()
  const next = start()
  expect(await next.call('trips.list', undefined)).toEqual(good({ items: [] }))
})

test('the next start goes on where the last one ended, and asks nobody first', async () => {
  const { core, start, issuer, host } = await aWorld()
  await core.call('session.signIn', undefined)
  await core.close()
  const [file = ''] = sealedFiles(host.dataDir).filter((name) => name.endsWith('.sealed'))
  expect(statSync(join(host.dataDir, file)).mode & 0o777).toBe(0o600)
  const asked = issuer.asked.length
  const next = start()
  const first = next.call('session.read', undefined)
  expect(issuer.asked).toHaveLength(asked)
  expect(await first).toEqual(signedIn({ subject: 'user:alice-sub' }))
  expect(await next.call('trips.list', undefined)).toEqual(good({ items: [] }))
  expect(new Set(issuer.used).size).toBe(issuer.used.length)
})

test('nobody is asked with a new token before the refresh token beside it is kept', async () => {
  const keystore = stubborn()
  const { core, services } = await aWorld({ keystore })
  await core.call('session.signIn', undefined)
  const release = keystore.hold()
  const before = services.asked.filter(({ path }) => path === '/runs').length
  const runs = core.call('runs.list', undefined)
  await expect.poll(() => services.asked.some(({ path }) => path === '/v1/invitations'), WAIT).toBe(true)
  expect(services.asked.filter(({ path }) => path === '/runs')).toHaveLength(before)
  release()
  expect(await runs).toEqual(good({ items: [] }))
})

test('a sign-in that cannot be kept at all is none, at the provider either', async () => {
  const keystore = stubborn()
  const { core, issuer } = await aWorld({ keystore })
  keystore.isBroken = true
  expect(await core.call('session.signIn', undefined)).toEqual(bad('keystore_unavailable'))
  expect(await core.call('session.read', undefined)).toEqual(good({ state: 'signed_out' }))
  expect(issuer.asked).toContain('/logout')
})

test('a sign-in that cannot be kept any more goes on until the app closes, and leaves no used token behind', async () => {
  const keystore = stubborn()
  const { core, start, host } = await aWorld({ keystore })
  await core.call('session.signIn', undefined)
  keystore.isBroken = true
  expect(await core.call('runs.list', undefined)).toEqual(good({ items: [] }))
  expect(sealedFiles(host.dataDir)).toEqual([])
  await core.close()
  keystore.isBroken = false
  expect(await start().call('session.read', undefined)).toEqual(good({ state: 'signed_out' }))
})

test('a refresh token that was used before a crash ends the session, cleanly', async () => {
  const { core, start, host } = await aWorld()
  await core.call('session.signIn', undefined)
  const dataDir = temporaryFolder()
  cpSync(host.dataDir, dataDir, { recursive: true })
  await core.call('runs.list', undefined)
  const after = start({ host: { ...host, dataDir } })
  expect(await after.call('trips.list', undefined)).toEqual(bad('signed_out'))
  expect(await after.call('session.read', undefined)).toEqual(good({ state: 'signed_out', why: 'ended' }))
  await expect.poll(() => sealedFiles(dataDir), WAIT).toEqual([])
})

test('an answer that is lost after the token was used ends the session, and not before the next answer says so', async () => {
  const { core, issuer } = await aWorld()
  await core.call('session.signIn', undefined)
  await core.call('trips.list', undefined)
  issuer.wrong.token = 'lost'
  expect(await core.call('runs.list', undefined)).toEqual(bad('identity_unavailable'))
  expect(await core.call('session.read', undefined)).toEqual(signedIn({ online: false }))
  issuer.wrong.token = undefined
  expect(await core.call('runs.list', undefined)).toEqual(bad('signed_out'))
  expect(await core.call('session.read', undefined)).toEqual(good({ state: 'signed_out', why: 'ended' }))
})

test('tokens of somebody else are nobody’s', async () => {
  const { core, issuer, services } = await aWorld()
  await core.call('session.signIn', undefined)
  issuer.wrong.sub = 'mallory-sub'
  expect(await core.call('runs.list', undefined)).toEqual(bad('invalid_response'))
  expect(services.asked.some(({ path }) => path === '/runs')).toBe(false)
})

test.for([
  ['says so at the look', undefined],
  ['answers the look with an error of its own', 500],
])('a session that was ended elsewhere is seen at the next look: the provider %s', async ([, userinfo]) => {
  const { core, issuer, start, options, host } = await aWorld()
  await core.call('session.signIn', undefined)
  await core.close()
  const next = start({ ...options, timings: { ...options.timings, pollMs: 30 } })
  const told: unknown[] = []
  next.listen((name, event) => name === 'session' && told.push(event))
  await next.call('trips.templates', undefined)
  issuer.wrong.userinfo = userinfo as number | undefined
  issuer.endAll()
  await expect.poll(() => told.at(-1), WAIT).toEqual({ state: 'signed_out', why: 'ended' })
  expect(await next.call('trips.templates', undefined)).toEqual(bad('signed_out'))
  await expect.poll(() => sealedFiles(host.dataDir), WAIT).toEqual([])
})

test('a look uses no refresh token up', async () => {
  const { issuer, services, start, options } = await aWorld()
  const core = start({ timings: { ...options.timings, pollMs: 20 } })
  await core.call('session.signIn', undefined)
  await expect.poll(() => issuer.asked.filter((path) => path === '/userinfo').length, WAIT).toBeGreaterThan(5)
  expect(services.asked.length).toBeGreaterThan(0)
  expect(issuer.used.length).toBeLessThan(4)
})

test('signing out needs no provider, and leaves nothing signed in', async () => {
  const { core, start, issuer, host } = await aWorld()
  await core.call('session.signIn', undefined)
  await issuer.stop()
  expect(await core.call('session.signOut', undefined)).toEqual(good({ state: 'signed_out', why: 'signed_out' }))
  expect(sealedFiles(host.dataDir)).toEqual([])
  expect(await start().call('session.read', undefined)).toEqual(good({ state: 'signed_out' }))
})

test('signing out tells the provider: the session, and the token too', async () => {
  const { core, issuer } = await aWorld()
  await core.call('session.signIn', undefined)
  await core.call('session.signOut', undefined)
  expect(issuer.asked).toEqual(expect.arrayContaining(['/logout', '/revoke']))
})

test('a refresh under way when the person signs out writes nothing down again', async () => {
  const keystore = stubborn()
  const { core, host, services } = await aWorld({ keystore })
  await core.call('session.signIn', undefined)
  const release = keystore.hold()
  const under = core.call('runs.list', undefined)
  const out = core.call('session.signOut', undefined)
  release()
  expect(await out).toEqual(good({ state: 'signed_out', why: 'signed_out' }))
  expect(await under).toEqual(bad('signed_out'))
  expect(sealedFiles(host.dataDir)).toEqual([])
  expect(services.asked.some(({ path }) => path === '/runs')).toBe(false)
})

test('an app that closes waits until a refresh under way is kept', async () => {
  const keystore = stubborn()
  const { core, start } = await aWorld({ keystore })
  await core.call('session.signIn', undefined)
  const release = keystore.hold()
  const under = core.call('runs.list', undefined)
  await expect.poll(keystore.isHolding, WAIT).toBe(true)
  const closed = core.close()
  release()
  await closed
  await under
  expect(await start().call('trips.list', undefined)).toEqual(good({ items: [] }))
})

test.for(['damaged', 'sealed on another machine', 'unsafe now'])(
  'a kept sign-in is none when it is %s',
  async (how) => {
    const { core, start, host } = await aWorld()
    await core.call('session.signIn', undefined)
    await core.close()
    const [file = ''] = sealedFiles(host.dataDir)
    if (how === 'damaged') writeFileSync(join(host.dataDir, file), 'not sealed at all')
    const keystore = how === 'damaged' ? host.keystore : fakeKeystore()
    const isSafe = async () => how !== 'unsafe now'
    const next = start({ host: { ...host, keystore: keystore && { ...keystore, isSafe } } })
    expect(await next.call('session.read', undefined)).toEqual(good({ state: 'signed_out' }))
  },
)

test('without a safe keystore nothing is written down, and only knowingly is anybody signed in', async () => {
  const { core, host } = await aWorld({ keystore: undefined })
  expect(await core.call('session.signIn', undefined)).toEqual(bad('keystore_unavailable'))
  expect(await core.call('session.signIn', { memory: true })).toEqual(signedIn({ keptIn: 'memory' }))
  await core.call('contacts.save', { party: 'user:x', name: 'X', note: '' })
  await core.call('trips.list', undefined)
  await core.close()
  expect(readdirSync(host.dataDir)).toEqual([])
})

test('a call that outlives its account is answered with nothing of it', async () => {
  const { core, services } = await aWorld()
  await core.call('session.signIn', undefined)
  const { promise: asked, resolve } = Promise.withResolvers<() => void>()
  services.on('/workflows', (_req, res) => resolve(() => answerJson(res, 200, { items: [] })))
  const under = core.call('trips.list', undefined)
  const answer = await asked
  await core.call('session.signOut', undefined)
  answer()
  expect(await under).toEqual(bad('signed_out'))
})

test('who was signed in cannot be read from the names of files', async () => {
  const { core, host, issuer } = await aWorld()
  await core.call('session.signIn', undefined)
  await core.call('contacts.save', { party: 'user:x', name: 'X', note: '' })
  const names = readdirSync(host.dataDir, { recursive: true, encoding: 'utf8' })
  expect(names.length).toBeGreaterThan(2)
  expect(names.join(' ')).not.toContain(issuer.sub)
})

test('what goes wrong is logged by its name alone', async () => {
  const logger = { warn: vi.fn() }
  const keystore = stubborn()
  const { start } = await aWorld({ keystore })
  const core = start({ logger })
  await core.call('session.signIn', undefined)
  keystore.isBroken = true
  await core.call('runs.list', undefined)
  await core.call('contacts.save', { party: 'user:x', name: 'X', note: '' })
  expect(logger.warn).toHaveBeenCalledWith({}, 'the session could not be stored')
  expect(logger.warn).toHaveBeenCalledWith({ operation: 'contacts.save', error: 'Error' }, 'a call failed')
  expect(JSON.stringify(logger.warn.mock.calls)).not.toMatch(/eyJ|refresh-|disk/)
})
