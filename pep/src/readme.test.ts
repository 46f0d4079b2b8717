import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createNotes } from './notes.fixture.ts'
import { type Listener, serve } from './service.ts'
import { answering, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'

let issuer: TestIssuer
let pdp: TestPdp
let notes: ReturnType<typeof createNotes>
let listener: Listener

beforeEach(async () => {
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  notes = createNotes({ issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials })
  listener = await serve(notes.app, { host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await listener.close()
  await Promise.all([notes.close(), pdp.close(), issuer.close()])
})

async function call(method: string, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const authorization = `Bearer ${await issuer.sign({ aud: 'notes' })}`
  const response = await fetch(listener.url + path, { method, headers: { authorization, connection: 'close' } })
  return { status: response.status, body: await response.json() }
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test('the code of the README is the code that is run here', () => {
  const [, shown] = /```ts\n(.*?)\n```/su.exec(read('../README.md')) ?? []
  const [, run] = /\*\/\n(.*)\n$/su.exec(read('notes.fixture.ts')) ?? []
  expect(shown).toBe(run)
})

test('names that the README mentions exist', () => {
  const readme = read('../README.md')
  const exported = ['index.ts', 'service.ts', 'testing.ts', 'limits.ts'].map(read).join('\n')
  const called = [...readme.matchAll(/\b(?:create|start|serve|answering|disclosed|authzOf|readEnvironment)\w*/gu)]
  for (const [name] of called) if (/[A-Z]/u.test(name) && name !== 'createNotes') expect(exported).toContain(name)
})

test('a permit shows the note, a denial says why, and no answer is no permit', async () => {
  expect(await call('GET', '/notes/n1')).toMatchObject({ status: 200, body: { text: 'Buy bread' } })
  pdp.answerWith(answering(() => ({ decision: false, context: { reason: 'no_grant' } })))
  expect(await call('GET', '/notes/n1')).toMatchObject({ status: 403, body: { code: 'no_grant' } })
  pdp.answerWith((_asked, res) => void res.destroy())
  expect(await call('GET', '/notes/n1')).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
  expect((await fetch(`${listener.url}/notes/n1`)).status).toBe(401)
  expect((await fetch(`${listener.url}/livez`)).status).toBe(200)
})

test('a batch is decided item by item, and a dry run says the same', async () => {
  const pagesOf = (resource: unknown): number => (resource as { properties: { pages: number } }).properties.pages
  pdp.answerWith(answering(({ resource }) => ({ decision: pagesOf(resource) < 10 })))
  const items = [{ decision: true }, { decision: false, reason: 'denied' }]
  expect(await call('POST', '/print')).toMatchObject({ status: 200, body: { items } })
  expect(await call('POST', '/print/dry-run')).toMatchObject({ status: 200, body: { dry_run: true, items } })
})
