/**
 * Which requests are traced: as `OTEL_TRACES_SAMPLER` says, and never more than a number in a second. Callers choose the sampled flag of `traceparent`, so
 * without a bound any of them could make the PDP trace everything.
 *
 * @module
 */
import { trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { TracingSettings } from '../tracing-settings.ts'

export function createSampler({ sampler, ratio, perSecond }: TracingSettings): Sampler {
  const root = rootOf(sampler, ratio)
  const chosen = sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
  return new BoundedSampler(chosen, perSecond)
}

function rootOf(sampler: TracingSettings['sampler'], ratio: number): Sampler {
  if (sampler.endsWith('always_on')) return new AlwaysOnSampler()
  if (sampler.endsWith('always_off')) return new AlwaysOffSampler()
  return new TraceIdRatioBasedSampler(ratio)
}

/** Token bucket before another sampler; spans inside a trace of this process follow their parent. */
class BoundedSampler implements Sampler {
  readonly #inner: Sampler
  readonly #perSecond: number
  #tokens: number
  #filledAt = performance.now()

  constructor(inner: Sampler, perSecond: number) {
    this.#inner = inner
    this.#perSecond = perSecond
    this.#tokens = perSecond
  }

  shouldSample(...asked: Parameters<Sampler['shouldSample']>): ReturnType<Sampler['shouldSample']> {
    const parent = trace.getSpanContext(asked[0])
    if (parent && parent.isRemote !== true) return { decision: SamplingDecision.RECORD_AND_SAMPLED }
    const result = this.#inner.shouldSample(...asked)
    if (result.decision !== SamplingDecision.RECORD_AND_SAMPLED || this.#take()) return result
    return { decision: SamplingDecision.NOT_RECORD }
  }

  #take(): boolean {
    const now = performance.now()
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((now - this.#filledAt) / 1_000) * this.#perSecond)
    this.#filledAt = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  toString(): string {
    return `Bounded{${this.#inner.toString()}}`
  }
}
