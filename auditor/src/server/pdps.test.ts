import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createPdps } from './pdps.ts'

interface Pdp {
  readonly url: string
  readonly asked: string[]
  status: number
}

/** An HTTP server that answers with a status and its name. */
async function aPdp(name: string, status = 200): Promise<Pdp> {
  const asked: string[] = []
  const server: Server = createServer((req, res) => {
    asked.push(req.url ?? '')
    res.writeHead(pdp.status).end(name)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  const pdp: Pdp = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, status }
  return pdp
}

/** The URL of a server that refuses connections. */
async function aBrokenUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

const request = () => ({ headers: {}, signal: new AbortController().signal })
const textOf = async (answer: Promise<Response>): Promise<string> => (await answer).text()

test('a PDP that is unreachable or unavailable is passed over, and the one that answered is asked first from then on', async () => {
  const [away, good] = [await aPdp('away', 503), await aPdp('good')]
  const pdps = createPdps([await aBrokenUrl(), away.url, good.url], fetch)
  expect(await textOf(pdps.any('/v1/decisions', request()))).toBe('good')
  expect(await textOf(pdps.any('/v1/decisions?cursor=x', request()))).toBe('good')
  expect([away.asked, good.asked]).toEqual([['/v1/decisions'], ['/v1/decisions', '/v1/decisions?cursor=x']])
})

test.for([400, 401, 403, 404, 409, 429, 500])('%i is an answer: no other PDP is asked', async (status) => {
  const [one, two] = [await aPdp('one', status), await aPdp('two')]
  const answer = await createPdps([one.url, two.url], fetch).any('/v1/decisions', request())
  expect([answer.status, two.asked]).toEqual([status, []])
})

test('with no PDP available the answer is the last one’s, and a fault when there is none', async () => {
  const away = await aPdp('away', 503)
  const broken = await aBrokenUrl()
  expect((await createPdps([broken, away.url], fetch).any('/x', request())).status).toBe(503)
  await expect(createPdps([away.url, broken], fetch).any('/x', request())).rejects.toMatchObject({
    code: 'decision_unavailable',
  })
})

test('a proof is given by the PDP that writes the log, wherever it is in the list, and other requests stay where they were', async () => {
  const [one, two] = [await aPdp('one'), await aPdp('two')]
  const pdps = createPdps([one.url, two.url], fetch)
  one.status = 409
  expect(await textOf(pdps.owner('/proof', request()))).toBe('two')
  ;[one.status, two.status] = [200, 409]
  expect(await textOf(pdps.owner('/proof', request()))).toBe('one')
  expect(await textOf(pdps.any('/v1/decisions', request()))).toBe('one')
})

test('a proof that no PDP gives: unavailable while the owner may be away, 409 when all say that they do not write the log', async () => {
  const [one, two] = [await aPdp('one', 409), await aPdp('two', 409)]
  const status = async (...urls: string[]) => (await createPdps(urls, fetch).owner('/proof', request())).status
  expect(await status(one.url, two.url)).toBe(409)
  two.status = 503
  expect([await status(one.url, two.url), await status(two.url, one.url)]).toEqual([503, 503])
  const broken = await aBrokenUrl()
  await expect(status(broken, one.url)).rejects.toMatchObject({ code: 'decision_unavailable' })
  one.status = 404
  expect(await status(two.url, one.url)).toBe(404)
})

test('every PDP is asked for its checkpoint, and one that gives none leaves its place empty', async () => {
  const [one, two] = [await aPdp('one'), await aPdp('two', 503)]
  const pdps = createPdps([one.url, await aBrokenUrl(), two.url], fetch)
  expect(await pdps.each('/log/checkpoint', request())).toEqual(['one', undefined, undefined])
})

test('when the browser has disconnected no further PDP is asked', async () => {
  const two = await aPdp('two')
  const gone = new AbortController()
  const silent = createServer(() => gone.abort())
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const pdps = createPdps([`http://127.0.0.1:${(silent.address() as AddressInfo).port}`, two.url], fetch)
  await expect(pdps.any('/x', { headers: {}, signal: gone.signal })).rejects.toMatchObject({
    code: 'decision_unavailable',
  })
  expect(two.asked).toEqual([])
})
