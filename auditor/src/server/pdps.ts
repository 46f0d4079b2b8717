/**
 * HTTP client for several PDPs that share one index. Any of them answers questions about entries; a log's checkpoint and proofs are given only by
 * the PDP that writes the log.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'

/** Time for the response headers while another PDP is left to ask, in milliseconds. */
const NEXT_MS = 8_000
/** Time for the response of one PDP in {@link Pdps.each}, in milliseconds. */
const EACH_MS = 5_000
/** The PDP, or a proxy in front of it, cannot answer now. */
const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504])
/** The entry is in the log of another PDP. */
const OTHER_LOG = 409

/** A GET request: headers, and the signal that ends it. */
export interface PdpRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** The PDPs of one system. Paths start with `/`. */
export interface Pdps {
  /**
   * Asks the PDPs in turn until one answers, beginning with the one that answered last. With none available: the last answer.
   *
   * @throws Fault `decision_unavailable` when the last PDP gave no answer.
   */
  any(path: string, request: PdpRequest): Promise<Response>
  /**
   * As {@link Pdps.any}, and goes on after 409: for proofs. When no PDP that answers writes the log: the answer of an unavailable one, else the 409.
   *
   * @throws Fault `decision_unavailable` when a PDP that may write the log gave no answer.
   */
  owner(path: string, request: PdpRequest): Promise<Response>
  /** Asks every PDP. In the order of the URLs; `undefined` for one that gives no successful answer in 5 s. */
  each(path: string, request: PdpRequest): Promise<readonly (string | undefined)[]>
}

/** @param urls - Base URLs, at least one. */
export function createPdps(urls: readonly string[], fetch: typeof globalThis.fetch): Pdps {
  let preferred = 0
  const askInTurn = async (path: string, request: PdpRequest, isOfOtherLog: (answer: Response) => boolean) => {
    const turn = urls.map((_, at) => (preferred + at) % urls.length)
    let missed: Response | Fault | undefined
    let other: Response | undefined
    for (const [tried, at] of turn.entries()) {
      const headersMs = tried === turn.length - 1 ? undefined : NEXT_MS
      const answer = await attempt(fetch, `${urls[at]}${path}`, request, headersMs)
      if (answer instanceof Fault || UNAVAILABLE.has(answer.status)) {
        discard(missed)
        missed = answer
      } else if (isOfOtherLog(answer)) {
        discard(other)
        other = answer
      } else {
        discard(missed, other)
        return { answer, at }
      }
    }
    if (missed) discard(other)
    const answer = missed ?? other
    if (answer === undefined) throw new TypeError('there must be at least one PDP')
    if (answer instanceof Fault) throw answer
    return { answer, at: undefined }
  }
  return {
    any: async (path, request) => {
      const { answer, at } = await askInTurn(path, request, () => false)
      // The next request goes to the same PDP, so that one PDP answers all pages of a query.
      preferred = at ?? preferred
      return answer
    },
    owner: async (path, request) => (await askInTurn(path, request, ({ status }) => status === OTHER_LOG)).answer,
    each: (path, request) => Promise.all(urls.map((url) => textOf(fetch, url + path, request))),
  }
}

/**
 * Sends one request. Returns a fault when there is no answer.
 *
 * @param headersMs - Time for the response headers; it does not limit the body.
 * @throws Fault when the request's own signal was aborted, so that no other PDP is asked for a browser that has disconnected.
 */
async function attempt(
  fetch: typeof globalThis.fetch,
  url: string,
  { headers, signal }: PdpRequest,
  headersMs: number | undefined,
): Promise<Response | Fault> {
  const slow = new AbortController()
  const timer = headersMs === undefined ? undefined : setTimeout(() => slow.abort(), headersMs)
  try {
    return await fetch(url, { headers, redirect: 'error', signal: AbortSignal.any([signal, slow.signal]) })
  } catch (cause) {
    const fault = new Fault('decision_unavailable', 'the PDP does not answer', { cause })
    if (signal.aborted) throw fault
    return fault
  } finally {
    clearTimeout(timer)
  }
}

/** Body of a successful answer; `undefined` when there is none in time. */
async function textOf(
  fetch: typeof globalThis.fetch,
  url: string,
  { headers, signal }: PdpRequest,
): Promise<string | undefined> {
  const limited = { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(EACH_MS)]) }
  try {
    const answer = await attempt(fetch, url, limited, undefined)
    if (!(answer instanceof Fault) && answer.ok) return await answer.text()
    discard(answer)
  } catch {
    // The caller has no use for the cause: it shows that this log could not be read.
  }
  return undefined
}

/** Frees the connections of answers that are not used. */
function discard(...answers: readonly (Response | Fault | undefined)[]): void {
  for (const answer of answers)
    if (answer && !(answer instanceof Fault)) void answer.body?.cancel().catch(() => undefined)
}
