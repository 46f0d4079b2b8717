/**
 * A span, and everything that it may carry: values have a fixed form that no name, pseudonym, token or id of a resource has.
 *
 * @module
 */

/** Names of spans below that of the request. */
export const SPAN_NAMES = ['authenticate', 'read barrier', 'decide', 'openfga', 'record', 'log sync'] as const
export type SpanName = (typeof SPAN_NAMES)[number]

/** The only attributes of spans, with the form of their values. An attribute that is not listed, or has another form, is dropped. */
export const SPAN_ATTRIBUTES = {
  'http.request.method': /^(?:[A-Z]{3,7}|other)$/u,
  /** A path of the OpenAPI document, with `{id}` for ids. */
  'http.route': /^(?:\/[\w/{}.-]{1,80}|none)$/u,
  'http.response.status_code': /^[1-5]\d\d$/u,
  /** A problem code, or the status of a response. */
  'error.type': /^(?:[a-z_]{1,40}|[45]\d\d)$/u,
  'mandate.decision': /^(?:permit|deny)$/u,
  /** The first reason. */
  'mandate.reason': /^[a-z_]{1,40}$/u,
  /** Id of the entry in the decision log: a ULID. */
  'mandate.evaluation.id': /^[0-9A-HJKMNP-TV-Z]{26}$/u,
  'mandate.outcome': /^(?:answered|failed)$/u,
  'mandate.entries': /^\d{1,6}$/u,
} as const satisfies Readonly<Record<string, RegExp>>
export type SpanAttribute = keyof typeof SPAN_ATTRIBUTES
export type SpanAttributes = Readonly<Partial<Record<SpanAttribute, string | number>>>

/** A span that is recorded. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** For a call to another service (W3C Trace Context). */
  readonly traceparent: string
  /** Begins a span below this one. `undefined` where the request has too many already. */
  child(name: SpanName, kind?: 'internal' | 'client'): Span | undefined
  /** Begins a span below this one for work that was done for several; each of them and the new span link to each other. */
  shared(name: SpanName, others: readonly Span[]): Span | undefined
  /** Ends the span. With `error.type` it counts as failed. */
  end(attributes?: SpanAttributes): void
}
