import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PdpEndpoints } from './pdp-endpoints.ts'
import { createPep, type Pep } from './pep.ts'
import { quiet } from './quiet.fixture.ts'
import { answering, sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'

const resource = { type: 'note', id: 'n1' }
let issuer: TestIssuer
let pdps: readonly TestPdp[]
const peps: Pep[] = []

beforeEach(async () => {
  issuer = await startTestIssuer()
  pdps = await Promise.all([startTestPdp(), startTestPdp()])
})
afterEach(async () => {
  await Promise.all(peps.splice(0).map((pep) => pep.close()))
  await Promise.all([...pdps.map((pdp) => pdp.close()), issuer.close()])
})

function newPep(pdpUrl: string | readonly string[] = pdps.map(({ url }) => url), more: object = {}): Pep {
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  const options = { issuer: issuer.issuer, audience: 'notes', credentials, timeoutMs: 5_000, logger: quiet }
  const pep = createPep({ ...options, pdpUrl, ...more })
  peps.push(pep)
  return pep
}

async function ask(pep: Pep, headers: object = {}) {
  const authorization = `Bearer ${await issuer.sign({ aud: 'notes' })}`
  const decided = await pep.decide({ headers: { authorization, ...headers }, action: 'read', resource })
  return decided.permitted ? 200 : decided.status
}
const counts = () => pdps.map(({ asked }) => asked.length)
const unavailable: Parameters<TestPdp['answerWith']>[0] = (_, res) => sendJson(res, 503, { decision: true })

test('several PDPs are asked in turn, each question of one', async () => {
  const pep = newPep()
  for (let question = 0; question < 6; question += 1) expect(await ask(pep)).toBe(200)
  expect(counts()).toEqual([3, 3])
})

test('a PDP that cannot be reached is passed over, and left out until its time is over', async () => {
  const pep = newPep()
  await pdps[0]?.close()
  for (let question = 0; question < 4; question += 1) expect(await ask(pep)).toBe(200)
  expect(counts()).toEqual([0, 4])
})

test('a PDP that answers 503 has decided nothing: the next one is asked', async () => {
  pdps[0]?.answerWith(unavailable)
  const pep = newPep()
  for (let question = 0; question < 4; question += 1) expect(await ask(pep)).toBe(200)
  expect(counts()).toEqual([1, 4])
})

test('with every PDP unavailable the answer is 503, each was asked once, and no handler runs', async () => {
  for (const pdp of pdps) pdp.answerWith(unavailable)
  expect(await ask(newPep())).toBe(503)
  expect(counts()).toEqual([1, 1])
})

test.for([200, 400, 403, 429, 500])('an answer of %i is an answer: no other PDP is asked', async (status) => {
  const nonsense = { decision: 'true' }
  for (const pdp of pdps) pdp.answerWith((_, res) => sendJson(res, status, nonsense))
  expect(await ask(newPep())).toBe(503)
  expect(counts()).toEqual([1, 0])
})

test('a denial of one PDP is not asked of another', async () => {
  pdps[0]?.answerWith(answering(() => ({ decision: false })))
  expect(await ask(newPep())).toBe(403)
  expect(counts()).toEqual([1, 0])
})

test('an answer that broke off in the middle is not asked again, of any PDP', async () => {
  const half: Parameters<TestPdp['answerWith']>[0] = (_, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': '99' }).flushHeaders()
    res.write('{"decision":true', () => res.destroy())
  }
  for (const pdp of pdps) pdp.answerWith(half)
  expect(await ask(newPep())).toBe(503)
  expect(counts()).toEqual([1, 0])
  expect(await ask(newPep(pdps[0]?.url))).toBe(503)
  expect(counts()).toEqual([2, 0])
})

test('a PDP that does not answer may have decided: the question is not asked of another', async () => {
  pdps[0]?.answerWith(() => undefined)
  const pep = newPep(undefined, { timeoutMs: 200 })
  expect(await ask(pep)).toBe(503)
  expect(counts()).toEqual([1, 0])
  expect(await ask(pep)).toBe(200)
})

test('a question on a kept connection that the PDP had closed is asked again', async () => {
  const pep = newPep(pdps[0]?.url)
  expect(await ask(pep)).toBe(200)
  let breaks = 1
  pdps[0]?.answerWith((_, res) => void (breaks-- > 0 ? res.destroy() : sendJson(res, 200, { decision: true })))
  expect(await ask(pep)).toBe(200)
})

test('connections are kept: many questions one after another use one', async () => {
  const sockets = new Set<Socket>()
  const answer = '{"decision":true}'
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n`
    socket.on('data', () => socket.write(head + answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const pep = newPep(`http://127.0.0.1:${port}`, { credentials: { apiKey: 'key' } })
  for (let question = 0; question < 20; question += 1) expect(await ask(pep)).toBe(200)
  expect(sockets.size).toBe(1)
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

test('every bad URL of a list is named, and an empty list is refused', () => {
  expect(() => newPep([])).toThrow(/pdpUrl/u)
  expect(() => newPep(['https://a.example', 'ftp://b.example'])).toThrow(/pdpUrl/u)
  expect(() => newPep(['https://a.example', 'http://b.example'])).toThrow(/plain HTTP to b\.example/u)
})

test('a PDP that failed is tried last, for longer with each failure in a row, and first again after an answer', () => {
  let now = 0
  const [a, b] = ['/a', '/b'].map((basePath) => ({ basePath, pool: { request: () => Promise.reject(new Error()) } }))
  if (!a || !b) throw new Error('no endpoints')
  const endpoints = new PdpEndpoints([a, b], () => now)
  const firsts = () => [endpoints.order()[0], endpoints.order()[0]]
  expect(new Set(firsts())).toEqual(new Set([a, b]))
  endpoints.failed(a)
  expect([...firsts(), endpoints.order()[1]]).toEqual([b, b, a])
  endpoints.failed(a)
  now = 1_000
  expect(new Set(firsts())).toEqual(new Set([a, b]))
  endpoints.failed(a)
  now = 2_999
  expect(firsts()).toEqual([b, b])
  now = 3_000
  endpoints.answered(a)
  endpoints.failed(a)
  now = 4_000
  expect(new Set(firsts())).toEqual(new Set([a, b]))
})

test('while every PDP is unavailable they are not asked a multiple of the questions', async () => {
  for (const pdp of pdps) pdp.answerWith(unavailable)
  const pep = newPep()
  const questions = 250
  for (let question = 0; question < questions; question += 1) expect(await ask(pep)).toBe(503)
  // The reserve of further attempts and a tenth, instead of one for each question.
  expect(counts().reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(questions + 100 + questions / 10)
})
