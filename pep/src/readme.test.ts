import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createNotes } from './notes.fixture.ts'
import { createPrinter } from './printer.fixture.ts'
import { type Listener, serve } from './service.ts'
import { answering, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'

let issuer: TestIssuer
let pdp: TestPdp
let notes: ReturnType<typeof createNotes>
let printer: ReturnType<typeof createPrinter>
let listener: Listener
let printing: Listener

beforeEach(async () => {
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  const options = { issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials }
  notes = createNotes(options)
  printer = createPrinter(options)
  listener = await serve(notes.app, { host: '127.0.0.1', port: 0 })
  printing = await serve(printer.app, { host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await Promise.all([listener.close(), printing.close()])
  await Promise.all([notes.close(), printer.close(), pdp.close(), issuer.close()])
})

async function call(
  method: string,
  path: string,
  { url } = listener,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const authorization = `Bearer ${await issuer.sign({ aud: 'notes' })}`
  const response = await fetch(url + path, { method, headers: { authorization, connection: 'close' } })
  return { status: response.status, body: await response.json() }
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test.for([
  ['notes.fixture.ts', 'createNotes(options'],
  ['printer.fixture.ts', 'createPrinter('],
] as const)('the code of the README is the code that is run here: %s', ([file, mark]) => {
  const shown = [...read('../README.md').matchAll(/```ts\n(.*?)\n```/gsu)].map(([, code]) => code)
  const [, run] = /\*\/\n(.*)\n$/su.exec(read(file)) ?? []
  expect(shown.find((code) => code?.includes(mark))).toBe(run)
})

test('each framework’s example has at most thirty lines', () => {
  const [, frameworks = ''] = /## Your framework\n(.*?)### Any other server/su.exec(read('../README.md')) ?? []
  const lengths = [...frameworks.matchAll(/```ts\n(.*?)\n```/gsu)].map(([, code = '']) => code.split('\n').length)
  expect(lengths).toHaveLength(4)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(30)
})

test('names that the README mentions exist', () => {
  const readme = read('../README.md')
  const exported = ['index.ts', 'service.ts', 'testing.ts', 'limits.ts'].map(read).join('\n')
  const called = [...readme.matchAll(/\b(?:create|start|serve|answering|disclosed|authzOf|readEnvironment)\w*/gu)]
  for (const [name] of called)
    if (/[A-Z]/u.test(name) && !/Notes$|^createPrinter$/u.test(name)) expect(exported).toContain(name)
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
  expect(await call('POST', '/print', printing)).toMatchObject({ status: 200, body: { items } })
  expect(await call('POST', '/print/dry-run', printing)).toMatchObject({ status: 200, body: { dry_run: true, items } })
})
