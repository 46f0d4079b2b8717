/**
 * The caller's trace, as it is sent on to the PDP: `traceparent` and `tracestate`, each only when it is well-formed. No trace is made up.
 *
 * @see {@link https://www.w3.org/TR/trace-context-2/ W3C Trace Context}
 * @module
 */

/** Headers of W3C Trace Context. */
export interface TraceContext {
  readonly traceparent: string
  /** Entries of tracing systems, newest first. Never without a `traceparent`. */
  readonly tracestate?: string
}

/** Version, trace, parent and flags; neither a version of `ff` nor ids of zeros only (section 3.2). */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/u

const KEY = String.raw`[a-z][a-z\d_\-*/]{0,255}|[a-z\d][a-z\d_\-*/]{0,240}@[a-z][a-z\d_\-*/]{0,13}`
/** Printable ASCII but `,` and `=`; a space may not be last. */
const VALUE = String.raw`[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]`
/** Section 3.3.1.3. */
const ENTRY = new RegExp(`^(?<key>${KEY})=(?:${VALUE})$`, 'u')
const PRINTABLE = /^[\t\x20-\x7e]*$/u

/** Section 3.3.1.1. */
const MAX_ENTRIES = 32
/** What every system is to send on; more is cut at entries (section 3.3.1.5). */
const MAX_CHARACTERS = 512
/** Entries above this length are the first to be left out. */
const LONG_ENTRY = 128

/**
 * The trace of a request.
 *
 * @param traceparent - Values of the header, one a header line. @param tracestate - Likewise; several lines are one list.
 * @returns `undefined` without exactly one well-formed `traceparent`; a malformed `tracestate` is left out.
 */
export function readTraceContext(
  traceparent: readonly string[],
  tracestate: readonly string[],
): TraceContext | undefined {
  const [parent = '', ...others] = traceparent
  if (others.length > 0 || !TRACEPARENT.test(parent)) return undefined
  const entries = entriesOf(tracestate.join(','))
  if (entries === undefined || entries.length === 0) return { traceparent: parent }
  return { traceparent: parent, tracestate: shortened(entries).join(',') }
}

/** @returns `undefined` for a list that is malformed, has a key twice, or is too long. */
function entriesOf(list: string): readonly string[] | undefined {
  if (!PRINTABLE.test(list)) return undefined
  const entries = list
    .split(',')
    .map((member) => member.trim())
    .filter(Boolean)
  const keys = entries.map((entry) => ENTRY.exec(entry)?.groups?.['key'])
  const isValid = entries.length <= MAX_ENTRIES && !keys.includes(undefined) && new Set(keys).size === keys.length
  return isValid ? entries : undefined
}

function shortened(entries: readonly string[]): readonly string[] {
  const fits = (some: readonly string[]): boolean => some.join(',').length <= MAX_CHARACTERS
  let kept = [...entries]
  while (!fits(kept)) {
    const long = kept.findLastIndex(({ length }) => length > LONG_ENTRY)
    kept = kept.toSpliced(long === -1 ? kept.length - 1 : long, 1)
  }
  return kept
}
