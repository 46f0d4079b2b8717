/**
 * HTTP client of trips. A denial is a result, not an exception: the agent reports it and continues.
 *
 * @module
 */
import type { Calls } from '@mandate/pep/service'
import { linkSchema } from '@mandate/protocol'
import { z } from 'zod'
import { type Decided, toldReasonSchema } from './run.ts'

/** Credentials and persona of a call. The token is held in memory for the duration of a run. */
export interface Acting {
  readonly token: string
  /** Persona (`title/circle`) that the person acts in. */
  readonly persona: string | undefined
  readonly requestId: string
}

/** Result of a call to trips. */
export type TripsResult<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'denied'; readonly decided: Decided }
  /** No decision, or another error: its code. */
  | { readonly kind: 'failed'; readonly code: string }

interface TripItem {
  readonly id: string
  readonly name: string
}

export interface Executed {
  readonly effect: 'booked' | 'rebooked' | 'unchanged'
  readonly decided: Decided
}

export interface Trips {
  readonly items: (workflow: string, as: Acting) => Promise<TripsResult<readonly TripItem[]>>
  /** By item id. */
  readonly precheck: (workflow: string, as: Acting) => Promise<TripsResult<ReadonlyMap<string, Decided>>>
  /** Executes an item; idempotent per `key`. */
  readonly execute: (workflow: string, item: string, key: string, as: Acting) => Promise<TripsResult<Executed>>
}

const decidedShape = {
  decision: z.boolean(),
  reason: z.string(),
  reason_user: z.string().optional(),
  reasons: z.array(toldReasonSchema),
  chain: z.array(linkSchema),
  evaluation_id: z.string().optional(),
}
const decidedSchema = z.object(decidedShape)
const tripSchema = z.object({ items: z.array(z.object({ id: z.string(), name: z.string() })) })
const dryRunSchema = z.object({
  items: z.array(z.object({ ...decidedShape, resource: z.object({ id: z.string() }) })),
})
const executedSchema = z.object({ ...decidedShape, effect: z.enum(['booked', 'rebooked', 'unchanged']) })
const denialSchema = z.object({
  code: z.string(),
  reason_user: z.string().optional(),
  reasons: z.array(toldReasonSchema),
  chain: z.array(linkSchema),
  evaluation_id: z.string().optional(),
})
const problemSchema = z.object({ code: z.string() })

/** Longer than trips' own deadline for a decision, so that its response arrives first. */
const TIMEOUT_MS = 10_000

/** @param url - Base URL of trips, without a trailing slash. */
export function createTripsClient(url: string, { fetch }: Pick<Calls, 'fetch'>): Trips {
  const call = caller(fetch)
  const path = (workflow: string, rest = '') => `${url}/workflows/${encodeURIComponent(workflow)}${rest}`
  return {
    items: async (workflow, as) => mapped(await call('GET', path(workflow), as, tripSchema), ({ items }) => items),
    precheck: async (workflow, as) =>
      mapped(
        await call('POST', path(workflow, '/dry-run'), as, dryRunSchema),
        ({ items }) => new Map(items.map(({ resource, ...decided }) => [resource.id, decided])),
      ),
    execute: async (workflow, item, key, as) =>
      mapped(
        await call('POST', path(workflow, `/items/${encodeURIComponent(item)}/execute`), as, executedSchema, key),
        (executed) => ({ effect: executed.effect, decided: decidedSchema.parse(executed) }),
      ),
  }
}

function caller(fetch: Calls['fetch']) {
  return async <S extends z.ZodType>(
    method: 'GET' | 'POST',
    url: string,
    as: Acting,
    schema: S,
    key?: string,
  ): Promise<TripsResult<z.output<S>>> => {
    const headers = {
      authorization: `Bearer ${as.token}`,
      accept: 'application/json',
      'x-request-id': as.requestId,
      ...(as.persona === undefined ? {} : { 'mandate-persona': as.persona }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    }
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const response = await fetch(url, { method, headers, redirect: 'error', signal })
      return read(response.status, await response.json(), schema)
    } catch {
      return { kind: 'failed', code: 'service_unavailable' }
    }
  }
}

function read<S extends z.ZodType>(status: number, body: unknown, schema: S): TripsResult<z.output<S>> {
  if (status === 200) {
    const parsed = schema.safeParse(body)
    return parsed.success ? { kind: 'ok', value: parsed.data } : { kind: 'failed', code: 'answer_invalid' }
  }
  const denial = status === 403 ? denialSchema.safeParse(body) : undefined
  if (denial?.success) {
    const { code, ...rest } = denial.data
    return { kind: 'denied', decided: { decision: false, reason: code, ...rest } }
  }
  const problem = problemSchema.safeParse(body)
  return { kind: 'failed', code: problem.success ? problem.data.code : 'answer_invalid' }
}

function mapped<T, U>(answer: TripsResult<T>, map: (value: T) => U): TripsResult<U> {
  return answer.kind === 'ok' ? { kind: 'ok', value: map(answer.value) } : answer
}
