import { serve } from '@mandate/service'
import express, { type RequestHandler } from 'express'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { beginExchange, createExchanges } from './exchange.ts'
import { AnonymousRefusals, answerFaults, createProblemAnswers } from './faults.ts'

test('a request whose ids cannot be looked up gets a problem, with an id', async () => {
  const faults = { record: async () => [], logger: pino({ level: 'silent' }), metrics: { fault: () => {} } }
  const anonymous = new AnonymousRefusals(faults)
  const app = express()
  const isSub = (): Promise<boolean> => Promise.reject(new Error('the database cannot be read'))
  const answerAll: RequestHandler = (_req, res) => void res.end()
  const begin = createExchanges({ isSub, addressOf: () => '', headers: [] })
  app.use(beginExchange(begin), answerAll, answerFaults(createProblemAnswers(faults, anonymous)))
  const listener = await serve(app, { host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await listener.close()
    await anonymous.close()
  })
  const answer = await fetch(listener.url, { headers: { 'x-request-id': '5f0c1a3e-1d2b-4c3d-8e4f-5a6b7c8d9e0f' } })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([500, 'application/problem+json; charset=utf-8'])
  expect(answer.headers.get('x-request-id')).toBe('5f0c1a3e-1d2b-4c3d-8e4f-5a6b7c8d9e0f')
  expect(await answer.json()).toMatchObject({ code: 'internal', request_id: '5f0c1a3e-1d2b-4c3d-8e4f-5a6b7c8d9e0f' })
})
