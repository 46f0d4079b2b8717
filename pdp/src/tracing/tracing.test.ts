import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@mandate/protocol'
import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api'
import { SamplingDecision } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import type { Span, SpanAttributes } from '../ports/span.ts'
import { currentSpan, traced } from '../ports/tracing.ts'
import { allowed } from './open.ts'
import { createSampler } from './sampler.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const settings = {
  url: 'http://127.0.0.1:4318/v1/traces',
  headers: {},
  timeoutMs: 1_000,
  exportEveryMs: 1_000,
  service: 'mandate-pdp',
  resource: {},
  perSecond: 5,
} as const
const remote = (traceFlags: TraceFlags) =>
  trace.setSpanContext(ROOT_CONTEXT, { traceId: TRACE, spanId: '00f067aa0ba902b7', traceFlags, isRemote: true })

test.for<readonly [string, string | number]>([
  ['enduser.id', 'carlo'],
  ['mandate.reason', 'Carlo Smith'],
  ['mandate.reason', 'user:p_2f8c'],
  ['mandate.evaluation.id', 'workflow:trip-1'],
  ['http.route', '/v1/grants/01KE0000 0000'],
  ['http.request.method', 'carlo'],
  ['toString', 'carlo'],
])('%s = %s is dropped', ([name, value]) => {
  expect(allowed({ [name]: value, 'mandate.decision': 'deny' } as SpanAttributes)).toEqual({
    'mandate.decision': 'deny',
  })
})

const countOf = (sampler: ReturnType<typeof createSampler>, context: typeof ROOT_CONTEXT, requests: number): number =>
  Array.from({ length: requests }, () =>
    sampler.shouldSample(context, TRACE, 'POST /x', SpanKind.SERVER, {}, []),
  ).filter(({ decision }) => decision === SamplingDecision.RECORD_AND_SAMPLED).length

test.for([
  ['parentbased_always_off', TraceFlags.SAMPLED],
  ['parentbased_always_on', TraceFlags.SAMPLED],
  ['always_on', TraceFlags.NONE],
] as const)('%s: callers that all want to be traced get no more than the bound', ([sampler, flag]) => {
  const traced = countOf(createSampler({ ...settings, sampler, ratio: 1 }), remote(flag), 1_000)
  // The bucket, and what flows into it meanwhile.
  expect(traced).toBeGreaterThanOrEqual(5)
  expect(traced).toBeLessThan(100)
})

test.for([
  ['parentbased_always_on', TraceFlags.NONE],
  ['always_off', TraceFlags.SAMPLED],
] as const)('%s: a caller with the flag %s is not traced', ([sampler, flag]) => {
  expect(countOf(createSampler({ ...settings, sampler, ratio: 1 }), remote(flag), 10)).toBe(0)
})

test('the ratio is of traces that begin here', () => {
  const sampler = createSampler({ ...settings, sampler: 'parentbased_traceidratio', ratio: 0 })
  expect([countOf(sampler, ROOT_CONTEXT, 3), countOf(sampler, remote(TraceFlags.SAMPLED), 3)]).toEqual([0, 3])
})

/** Notes what happens to a span. */
class NotedSpan implements Span {
  readonly traceId = TRACE
  readonly spanId = '00f067aa0ba902b7'
  readonly traceparent = ''
  readonly children: NotedSpan[] = []
  ended: SpanAttributes | undefined

  child(): Span {
    const child = new NotedSpan()
    this.children.push(child)
    return child
  }
  shared(): Span {
    return this.child()
  }
  end(attributes: SpanAttributes = {}): void {
    this.ended = attributes
  }
}

test.for<readonly [string, () => unknown]>([
  ['at once', () => 1],
  ['later', () => Promise.resolve(1)],
])('work that succeeds %s ends its span with attributes of the result, and is below it meanwhile', async ([, work]) => {
  const span = new NotedSpan()
  let seen: Span | undefined
  const result = traced(
    span,
    'decide',
    () => {
      seen = currentSpan()
      return work() as number
    },
    (count) => ({ 'mandate.entries': count }),
  )
  expect(await result).toBe(1)
  expect([seen, span.children[0]?.ended]).toEqual([span.children[0], { 'mandate.entries': 1 }])
})

test.for<readonly [string, () => Promise<number>]>([
  [
    'at once',
    () => {
      throw new Fault('log_unavailable', 'disk full of carlo')
    },
  ],
  ['later', () => Promise.reject(new Fault('log_unavailable', 'disk full of carlo'))],
])('work that fails %s ends its span with the code alone', async ([, work]) => {
  const span = new NotedSpan()
  await expect((async () => traced(span, 'record', work))()).rejects.toThrow('disk full')
  expect(span.children[0]?.ended).toEqual({ 'error.type': 'log_unavailable' })
})

test('without a span work is done as it is', () => {
  expect(traced(undefined, 'decide', () => 1)).toBe(1)
})

test('the SDK is loaded by this room alone, and the room by import() where tracing is on', () => {
  const source = join(import.meta.dirname, '..')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!\.test)\.ts$/u.test(file),
  )
  const naming = (text: RegExp): readonly string[] =>
    files.filter((file) => text.test(readFileSync(join(source, file), 'utf8'))).toSorted()
  expect(naming(/from '@opentelemetry\//u)).toEqual(['tracing/open.ts', 'tracing/sampler.ts'])
  expect(naming(/from '[./]+\/tracing\//u)).toEqual([])
  expect(naming(/import\('\.\/tracing\/open\.ts'\)/u)).toEqual(['open-tracing.ts'])
})
