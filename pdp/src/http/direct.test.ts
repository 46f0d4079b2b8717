import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { faultOf } from '@mandate/service'
import { expect, onTestFinished, test } from 'vitest'
import { Admission } from './admission.ts'
import { createDirectListener } from './direct.ts'
import { type BeginExchange, exchangeOf, setExchange } from './exchange.ts'

const PRINCIPAL = {
  party: undefined,
  name: 'service:trips',
  inPerson: false,
  types: [],
  actor: undefined,
  roles: [],
  origin: {},
} as const

const begin: BeginExchange = (_req, res, path) => {
  const ids = { requestId: 'r', keptId: undefined, trace: undefined, evaluation: undefined }
  const untraced = { parent: undefined, span: undefined }
  setExchange(res, {
    ...ids,
    ...untraced,
    arrived: 0,
    path,
    address: '',
    headers: ['x-own', '1'],
    principal: PRINCIPAL,
  })
  return undefined
}

const anyone = (): Admission => new Admission({ width: 8, widthOfOne: 8, mostWaiting: 8, mostWaitMs: 1_000 })

/** Listens; tells who took each request, and the faults. */
async function listening() {
  const faults = Promise.withResolvers<string>()
  const listener = createDirectListener({
    operations: new Map([
      ['/ask', { bodyLimit: 10, lane: 'ask', admission: anyone(), answer: async ({ body }) => ({ body }) }],
    ]),
    begin,
    steps: [],
    answerProblem: async (error, res) => {
      faults.resolve(`${faultOf(error).code} at ${exchangeOf(res).path}`)
      res.destroy()
    },
    app: (_req, res) => void res.end('express'),
  })
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, fault: faults.promise }
}

const JSON_TYPE = { 'content-type': 'application/json' }

test.for([
  ['JSON of known length', '/ask', { headers: JSON_TYPE, body: '{"a":1}' }, '{"a":1}'],
  ['a query', '/ask?a', { headers: JSON_TYPE, body: '{"a":1}' }, 'express'],
  ['another path', '/asks', { headers: JSON_TYPE, body: '{"a":1}' }, 'express'],
  ['another media type', '/ask', { headers: { 'content-type': 'text/plain' }, body: '{"a":1}' }, 'express'],
  ['an encoding', '/ask', { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body: '{"a":1}' }, 'express'],
  ['a body above the limit', '/ask', { headers: JSON_TYPE, body: '{"a":12345}' }, 'express'],
  ['no body', '/ask', { headers: JSON_TYPE }, 'express'],
  ['another method', '/ask', { method: 'PUT', headers: JSON_TYPE, body: '{"a":1}' }, 'express'],
] as const)('who takes %s', async ([, path, init, taker]) => {
  const { url } = await listening()
  const answer = await fetch(`${url}${path}`, { method: 'POST', ...init })
  expect(await answer.text()).toBe(taker)
})

test('a client that disconnects amid its body is refused as by Express, and keeps nothing waiting', async () => {
  const { port, fault } = await listening()
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /ask HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"a"')
  socket.end()
  expect(await fault).toBe('invalid_request at /ask')
})
