/**
 * How sessions of the desktop app go on, break and end on a real Keycloak, and what one account leaves for the next.
 */
import { cpSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Stack } from '@mandate/stack'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStack } from '../setup/e2e.ts'
import { type Desks, desksAt, filesBelow, testKeystore } from '../support/desktop-app.ts'

let stack: Stack
let desks: Desks

beforeAll(async () => {
  stack = await startTestStack({ services: ['pdp', 'trips', 'agent'] })
  desks = desksAt(stack)
})
afterAll(async () => {
  await stack?.stop()
  desks?.clear()
})

test('two accounts one after the other: the second finds nothing of the first, in memory or in files', async () => {
  const keystore = testKeystore()
  const dataDir = join(desks.folder, 'shared')
  const app = await desks.enter(desks.app({ keystore, dataDir }), 'yannick')
  const first = await app.must('session.read')
  await app.must('contacts.save', { party: 'user:somebody', name: 'A name that only Yannick knows' })
  await app.must('trips.list')
  expect(await app.must('session.signOut')).toEqual({ state: 'signed_out', why: 'signed_out' })
  expect(await app.call('contacts.list')).toMatchObject({ ok: false, problem: { code: 'signed_out' } })

  const before = app.said.length
  app.sitsDown(desks.person('sam'))
  const second = await app.must('session.signIn')
  expect(second.subject).not.toBe(first.subject)
  expect((await app.must('contacts.list')).items).toEqual([])
  await app.must('trips.list')
  expect((await app.must('runs.list')).items.map(({ subject }: { subject: string }) => subject)).not.toContain(
    first.subject,
  )
  for (const said of app.said.slice(before)) expect(said).not.toContain(first.subject)
  await app.core.close()
  for (const file of filesBelow(dataDir)) {
    const bytes = readFileSync(file).toString('latin1')
    for (const word of [first.subject, second.subject, 'A name that only', 'refreshToken']) {
      expect(`${file} ${bytes}`.includes(word.replace('user:', ''))).toBe(false)
    }
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }

  const again = desks.app({ keystore, dataDir })
  expect(await again.must('session.read')).toMatchObject({ state: 'signed_in', subject: second.subject })
  await again.must('session.signOut')
  again.sitsDown(desks.person('yannick'))
  await again.must('session.signIn')
  expect((await again.must('contacts.list')).items).toMatchObject([{ name: 'A name that only Yannick knows' }])
})

test('a session that an administrator ends is seen, and everything of it forgotten', async () => {
  const keystore = testKeystore()
  const dataDir = join(desks.folder, 'ended')
  const app = await desks.enter(desks.app({ keystore, dataDir, timings: { pollMs: 500 } }), 'sam')
  await app.must('trips.templates')
  await endSession(sidIn(keystore.sealed))
  await expect.poll(() => app.must('session.read')).toEqual({ state: 'signed_out', why: 'ended' })
  expect(app.events.at(-1)).toEqual({ name: 'session', event: { state: 'signed_out', why: 'ended' } })
  expect(await app.call('trips.templates')).toMatchObject({ ok: false, problem: { code: 'signed_out' } })
  await expect.poll(() => filesBelow(join(dataDir, 'sign-in'))).toEqual([])
})

test('a crash between the use of a refresh token and the keeping of the next one ends the session cleanly', async () => {
  const keystore = testKeystore()
  const [dataDir, older] = [join(desks.folder, 'crashed'), join(desks.folder, 'older')]
  const app = await desks.enter(desks.app({ keystore, dataDir, timings: { pollMs: 600_000 } }), 'sam')
  cpSync(dataDir, older, { recursive: true })
  await app.must('session.read')
  // Whatever the first app asks next uses the token that the copy still holds.
  await expect.poll(() => keystore.sealed.filter((text) => text.includes('refreshToken')).length).toBeGreaterThan(2)
  await app.core.close()

  const survivor = desks.app({ keystore, dataDir: join(older) })
  await survivor.must('session.read')
  await expect.poll(() => survivor.must('session.read')).toEqual({ state: 'signed_out', why: 'ended' })
  await expect.poll(() => filesBelow(join(older, 'sign-in'))).toEqual([])
})

test('without a safe keystore a sign-in is refused, unless it is knowingly for this time only', async () => {
  const dataDir = join(desks.folder, 'unsafe')
  const app = desks.app({ dataDir, keystore: { ...testKeystore(), isSafe: async () => false } })
  app.sitsDown(desks.person('sam'))
  expect(await app.call('session.signIn')).toMatchObject({ ok: false, problem: { code: 'keystore_unavailable' } })
  expect(await app.must('session.signIn', { memory: true })).toMatchObject({ state: 'signed_in', keptIn: 'memory' })
  await app.must('contacts.save', { party: 'user:somebody', name: 'A friend' })
  await app.must('trips.templates')
  await app.core.close()
  expect(filesBelow(dataDir)).toEqual([])
})

test('with the services gone what was seen is still to be read, and said to be old; writes say why not', async () => {
  const app = await desks.enter(desks.app({ timings: { pollMs: 500, retryMs: 200, callMs: 20_000 } }), 'sam')
  const templates = await app.must('trips.templates')
  const trips = stack.services.trips ?? expect.unreachable('no trips')
  await trips.kill('SIGKILL')
  const stale = await app.call('trips.templates')
  expect(stale).toMatchObject({ ok: true, value: templates, stale: expect.stringMatching(/Z$/) })
  expect(await app.must('session.read')).toMatchObject({ state: 'signed_in', online: false })
  expect(await app.call('trips.create', { template: 'milan' })).toMatchObject({ problem: { code: 'offline' } })
  expect(await app.call('trips.read', { id: 'never-seen' })).toMatchObject({ problem: { code: 'offline' } })
  await trips.restart()
  await expect.poll(async () => (await app.must('session.read')).online).toBe(true)
  expect((await app.call('trips.templates')).stale).toBeUndefined()
})

/** The session's id, from the newest ID token that was sealed. */
function sidIn(sealed: readonly string[]): string {
  const kept = sealed.map((outer) => JSON.parse(outer).text).findLast((text: string) => text.includes('refreshToken'))
  return String(decodeJwt(JSON.parse(kept).idToken)['sid'])
}

async function endSession(sid: string): Promise<void> {
  const { url, username, password } = stack.admin ?? expect.unreachable()
  const form = { grant_type: 'password', client_id: 'admin-cli', username, password }
  const tokenUrl = `${url}/realms/master/protocol/openid-connect/token`
  const signedIn = await fetch(tokenUrl, { method: 'POST', body: new URLSearchParams(form) })
  const { access_token: token } = (await signedIn.json()) as { access_token: string }
  const headers = { authorization: `Bearer ${token}` }
  const ended = await fetch(`${url}/admin/realms/mandate/sessions/${sid}`, { method: 'DELETE', headers })
  expect(ended.status).toBe(204)
}
