import { context, type Tracer, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPep, type Pep } from './pep.ts'
import { quiet } from './quiet.fixture.ts'
import { answering, sendJson, startTestIssuer, startTestPdp, type TestIssuer, type TestPdp } from './testing.ts'
import type { PepTracer } from './traced-decider.ts'

const EVALUATION_ID = '01JD0000000000000000000000'
/** Stands in every place of a question where a caller may put text. */
const PLANTED = 'petronella'
const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

const exporter = new InMemorySpanExporter()
let issuer: TestIssuer
let pdp: TestPdp
const peps: Pep[] = []

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
afterAll(() => context.disable())
beforeEach(async () => {
  exporter.reset()
  issuer = await startTestIssuer()
  pdp = await startTestPdp()
})
afterEach(async () => {
  await Promise.all(peps.splice(0).map((pep) => pep.close()))
  await Promise.all([pdp.close(), issuer.close()])
})

function newTracer(sampler?: Sampler): Tracer {
  const spanProcessors = [new SimpleSpanProcessor({ exporter })]
  return new TracerProvider(sampler ? { sampler, spanProcessors } : { spanProcessors }).getTracer('notes')
}

function newPep(tracer: PepTracer): Pep {
  const credentials = { clientId: 'notes', clientSecret: 'secret' }
  const pep = createPep({
    issuer: issuer.issuer,
    audience: 'notes',
    pdpUrl: pdp.url,
    credentials,
    logger: quiet,
    tracer,
  })
  peps.push(pep)
  return pep
}

async function ask(pep: Pep) {
  const authorization = `Bearer ${await issuer.sign({ aud: 'notes', sub: PLANTED })}`
  const resource = { type: 'note', id: PLANTED, properties: { title: PLANTED } }
  return await pep.decide({ headers: { authorization, traceparent: PARENT }, action: PLANTED, resource })
}

const sentParents = () => pdp.asked.map(({ headers }) => headers['traceparent'])
const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans()
const traceparentOf = (span: ReadableSpan | undefined) => {
  const { traceId, spanId } = span?.spanContext() ?? {}
  return `00-${traceId}-${spanId}-01`
}

test('a question is a span below the active one, and is sent with the span as its parent', async () => {
  pdp.answerWith(answering(() => ({ decision: true, context: { evaluation_id: EVALUATION_ID, reason: 'chain' } })))
  const tracer = newTracer()
  await tracer.startActiveSpan('GET /notes/{id}', async (request) => {
    await ask(newPep(tracer))
    request.end()
  })
  const [question, request] = spans()
  expect(question?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
  expect(sentParents()).toEqual([traceparentOf(question)])
  expect(question?.name).toBe('authzen evaluation')
  expect(question?.attributes).toEqual({
    'mandate.decision': 'permit',
    'mandate.reason': 'chain',
    'mandate.evaluation.id': EVALUATION_ID,
  })
})

test('no span holds a word of the question', async () => {
  await ask(newPep(newTracer()))
  expect(spans()).toHaveLength(1)
  const { name, attributes, events, status } = spans()[0] as ReadableSpan
  expect(JSON.stringify({ name, attributes, events, status })).not.toContain(PLANTED)
})

test('a question without a decision is a failed span', async () => {
  pdp.answerWith((_, res) => sendJson(res, 500, {}))
  await ask(newPep(newTracer()))
  expect(spans()[0]).toMatchObject({ attributes: { 'error.type': 'decision_unavailable' }, status: { code: 2 } })
})

test('a span that is not sampled says so to the PDP', async () => {
  await ask(newPep(newTracer(new AlwaysOffSampler())))
  expect(sentParents()).toEqual([expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-00$/u)])
})

test('without an SDK the trace of the request is sent on as it came', async () => {
  await ask(newPep(trace.getTracer('notes')))
  expect(sentParents()).toEqual([PARENT])
})

test.for<readonly [string, PepTracer]>([
  ['to begin a span', { startSpan: () => thrown() }],
  [
    'in every method of a span',
    { startSpan: () => ({ spanContext: thrown, setAttributes: thrown, setStatus: thrown, end: thrown }) },
  ],
])('a tracer that fails %s changes no answer', async ([, tracer]) => {
  expect((await ask(newPep(tracer))).permitted).toBe(true)
  expect(sentParents()).toEqual([PARENT])
})

test('what is no tracer is refused by name', () => {
  expect(() => newPep({} as PepTracer)).toThrow(/must have startSpan\(\)[\s\S]*tracer/u)
})

function thrown(): never {
  throw new Error('broken')
}
