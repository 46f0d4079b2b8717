import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterEach, expect, test } from 'vitest'
import { requestLog } from './service.ts'

const SUB = 'a11ce000-0000-4000-8000-00000b0b0b0b'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

let close: (() => void) | undefined
afterEach(() => close?.())

type Line = Readonly<Record<string, unknown>>

/** The line that a service logs of a request of the person `SUB`. */
async function logged(requestId: string, headers: Readonly<Record<string, string>> = {}): Promise<Line> {
  const { promise, resolve } = Promise.withResolvers<Line>()
  const app = express().use(requestLog({ info: (fields) => resolve(fields as Line) }))
  app.get('/', (req, res) => {
    Object.assign(req, { authz: { subject: { type: 'user', id: SUB } } })
    res.set('X-Request-ID', requestId).end()
  })
  const server = app.listen(0, '127.0.0.1')
  close = () => void server.close()
  await new Promise((listening) => server.once('listening', listening))
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers })
  return promise
}

test.for([
  ['a UUID', '0d9a4c1e-7b1f-4a57-9a53-0f3c1f6f2f11', true],
  ['a ULID', '01KC0000000000000000000000', true],
  ['32 hexadecimal digits', TRACE, true],
  ['words', 'petra-de-vries', false],
  ['an address', 'petra.example', false],
  ['the caller’s own sub', SUB, false],
  ['it in upper case', SUB.toUpperCase(), false],
  ['it without dashes', SUB.replaceAll('-', ''), false],
] as const)('a request id that is %s is logged: %s', async ([, id, isLogged]) => {
  expect((await logged(id))['request_id']).toBe(isLogged ? id : undefined)
})

test.for([
  ['the caller’s trace', `00-${TRACE}-00f067aa0ba902b7-01`, TRACE],
  ['no trace of a malformed header', `00-${TRACE}-01`, undefined],
  ['no trace whose id is the caller’s sub', `00-${SUB.replaceAll('-', '')}-00f067aa0ba902b7-01`, undefined],
] as const)('a line has %s', async ([, traceparent, traceId]) => {
  expect((await logged(TRACE, { traceparent }))['trace_id']).toBe(traceId)
})
