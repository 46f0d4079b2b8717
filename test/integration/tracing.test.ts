/**
 * Traces: what a request leaves at an OTLP receiver, and that no person, resource or token is in it.
 *
 * @module
 */
import { createPep } from '@mandate/pep'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { SPAN_ATTRIBUTES } from '../../pdp/src/ports/span.ts'
import { type BadLine, startBadLine } from '../fixtures/bad-line.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../fixtures/otlp-receiver.ts'
import { startTestPdp, type TestPdp, TRIPS } from '../fixtures/pdp.ts'
import { AUDITOR } from '../fixtures/suite.ts'
import { World } from '../fixtures/world.ts'

/** A name in every place where a caller may put text. */
const PLANTED = 'Petronella'
const PARENT = '00f067aa0ba902b7'

let line: BadLine
let receiver: OtlpReceiver
let tpdp: TestPdp
let world: World
beforeAll(async () => {
  receiver = await startOtlpReceiver()
  line = await startBadLine(inject('openFga').url)
  tpdp = await startTestPdp({
    openFga: { ...inject('openFga'), url: line.url },
    env: {
      ENGINE: 'openfga',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20receiver-key',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
      OTEL_BSP_SCHEDULE_DELAY: '20',
      PDP_TRACES_PER_SECOND: '1000',
    },
  })
  world = new World(tpdp)
  await world.begin()
})
afterAll(async () => {
  await tpdp?.stop()
  await line?.stop()
  await receiver?.stop()
})

let next = 0
/** A trace id of the caller, a new one each time. */
function newTrace(): string {
  next += 1
  return `4bf92f3577b34da6a3ce929d${next.toString(16).padStart(8, '0')}`
}
const headersOf = (trace: string, flags = '01') => ({ traceparent: `00-${trace}-${PARENT}-${flags}` })

/** The spans of a trace, once its request's has arrived: the last one to end. */
async function spansOf(trace: string): Promise<ReadonlyMap<string, ReceivedSpan>> {
  const mine = () => receiver.spans.filter(({ traceId }) => traceId === trace)
  await expect.poll(() => mine().some(({ parentSpanId }) => parentSpanId === PARENT)).toBe(true)
  return new Map(mine().map((span) => [span.name, span]))
}

const question = {
  subject: { type: 'user', id: PLANTED, properties: { persona: `${PLANTED}/family` } },
  action: { name: 'execute', properties: { note: PLANTED } },
  resource: { type: 'workflow', id: `trip-of-${PLANTED}`, properties: { note: PLANTED } },
  context: { note: PLANTED },
}
const ask = (headers: Readonly<Record<string, string>>) =>
  tpdp.call('POST', '/access/v1/evaluation', { as: TRIPS, body: question, headers })

const entryOf = async (id: string) => (await tpdp.call('GET', `/v1/decisions/${id}`, { as: AUDITOR })).body

test('a sampled request: one span for each step, below that of its caller', async () => {
  const trace = newTrace()
  const { headers } = await ask({ ...headersOf(trace), tracestate: `vendor=${PLANTED}`, 'x-request-id': PLANTED })
  expect(headers.get('x-request-id')).toBe(PLANTED)
  const spans = await spansOf(trace)
  const request = spans.get('POST /access/v1/evaluation')
  expect(request?.attributes).toEqual({
    'http.request.method': 'POST',
    'http.route': '/access/v1/evaluation',
    'http.response.status_code': 200,
  })
  for (const name of ['authenticate', 'decide', 'record']) expect(spans.get(name)?.parentSpanId).toBe(request?.spanId)
  expect(spans.get('openfga')?.parentSpanId).toBe(spans.get('decide')?.spanId)
  expect(spans.get('log sync')?.parentSpanId).toBe(spans.get('record')?.spanId)
  expect(receiver.resource).toEqual({ 'service.name': 'mandate-pdp', 'deployment.environment.name': 'test' })
  expect(receiver.requests[0]).toBe('Bearer receiver-key POST /v1/traces')
})

test('the span of a decision names its entry, whose trace is that of the caller', async () => {
  const trace = newTrace()
  await ask(headersOf(trace))
  const attributes = (await spansOf(trace)).get('decide')?.attributes ?? {}
  expect(attributes).toMatchObject({
    'mandate.decision': 'deny',
    'mandate.reason': expect.stringMatching(/^[a-z_]+$/u),
  })
  const entry = await entryOf(String(attributes['mandate.evaluation.id']))
  expect(entry).toMatchObject({ kind: 'evaluation', trace })
})

test('entries of one group: one sync, linked with the requests that waited for it', async () => {
  const traces = Array.from({ length: 40 }, newTrace)
  await Promise.all(traces.map((trace) => ask(headersOf(trace))))
  for (const trace of traces) await spansOf(trace)
  const shared = receiver.spans.find(({ name, links }) => name === 'log sync' && links.length > 0)
  const linked = receiver.spans.find(({ spanId }) => spanId === shared?.links[0]?.spanId)
  expect(linked?.name).toBe('record')
  expect(linked?.links.map(({ spanId }) => spanId)).toContain(shared?.spanId)
})

test('a request whose caller does not record leaves no span', async () => {
  const trace = newTrace()
  await ask(headersOf(trace, '00'))
  const sampled = newTrace()
  await ask(headersOf(sampled))
  await spansOf(sampled)
  expect(receiver.spans.filter(({ traceId }) => traceId === trace)).toEqual([])
})

test('OpenFGA away: the span says so, and from its trace one finds the log line, and from that the entry', async () => {
  line.behave(() => 'refuse')
  const trace = newTrace()
  expect((await ask(headersOf(trace))).status).toBe(503)
  line.behave(() => 'pass')
  const spans = await spansOf(trace)
  const request = spans.get('POST /access/v1/evaluation')
  expect(request?.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': '503' })
  expect(spans.get('decide')?.attributes).toEqual({ 'error.type': 'relations_unavailable' })
  const lines = tpdp.operations.map((text) => JSON.parse(text)).filter(({ trace_id: of }) => of === trace)
  expect(lines.length).toBeGreaterThan(0)
  const { msg, span_id: spanId, evaluation, entry } = lines.at(-1)
  expect([msg, spanId, evaluation]).toEqual(['relations_unavailable', request?.spanId, entry])
  expect(await entryOf(entry)).toMatchObject({ kind: 'fault', code: 'relations_unavailable', trace })
})

test('a question of an enforcement point is in the trace of the request that it guards', async () => {
  const pep = createPep({
    issuer: tpdp.issuer.issuer,
    audience: 'trips',
    pdpUrl: tpdp.pdp.url,
    credentials: { clientId: 'trips', clientSecret: 'a secret for tests' },
    logger: pino({ level: 'silent' }),
  })
  onTestFinished(() => pep.close())
  const trace = newTrace()
  const token = await tpdp.issuer.token({ sub: PLANTED, azp: 'desktop', aud: 'trips' })
  const headers = { ...headersOf(trace), authorization: `Bearer ${token}`, 'mandate-persona': 'traveler/family' }
  await pep.decide({ headers, action: 'read', resource: { type: 'workflow', id: `trip-of-${PLANTED}` } })
  expect([...(await spansOf(trace)).keys()]).toContain('decide')
})

test('no name, pseudonym, resource or token is in what was sent, and no attribute that is not listed', async () => {
  const sent = receiver.bodies.join('\n')
  expect(receiver.spans.length).toBeGreaterThan(100)
  const token = await tpdp.issuer.token(TRIPS)
  const signature = token.split('.')[2] ?? ''
  for (const secret of [PLANTED, 'p_', 'trips', 'workflow', world.id('A'), signature, '127.0.0.1'])
    expect(sent).not.toContain(secret)
  const names = new Set(receiver.spans.flatMap(({ attributes }) => Object.keys(attributes)))
  expect([...names].filter((name) => !Object.hasOwn(SPAN_ATTRIBUTES, name))).toEqual([])
})
