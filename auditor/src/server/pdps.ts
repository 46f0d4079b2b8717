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

/**
 * A request to a PDP. A change may reach two PDPs, when the first one does not answer: send an `Idempotency-Key` with each POST, which the PDPs of one
 * database share.
 */
export interface PdpRequest {
  /** @default 'GET' */
  readonly method?: string
  /** JSON text. */
  readonly body?: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** An answer of one PDP to {@link Pdps.probe}. */
export interface Probe {
  readonly status: number
  readonly text: string
  /** Time from the request to the end of the answer, in milliseconds. */
  readonly tookMs: number
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
  /** Sends a request to every PDP. Resolves to the responses, of any status, in the order of the URLs; `undefined` where a PDP did not respond within 5 s. */
  probe(path: string, request: PdpRequest): Promise<readonly (Probe | undefined)[]>
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
    probe: (path, request) => Promise.all(urls.map((url) => probe(fetch, url + path, request))),
    each: async (path, request) => {
      const answers = await Promise.all(urls.map((url) => probe(fetch, url + path, request)))
      return answers.map((answer) => (answer && answer.status >= 200 && answer.status < 300 ? answer.text : undefined))
    },
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
  { method = 'GET', body, headers, signal }: PdpRequest,
  headersMs: number | undefined,
): Promise<Response | Fault> {
  const slow = new AbortController()
  const timer = headersMs === undefined ? undefined : setTimeout(() => slow.abort(), headersMs)
  try {
    const init = { method, headers, redirect: 'error', signal: AbortSignal.any([signal, slow.signal]) } as const
    return await fetch(url, body === undefined ? init : { ...init, body })
  } catch (cause) {
    const fault = new Fault('decision_unavailable', 'the PDP does not answer', { cause })
    if (signal.aborted) throw fault
    return fault
  } finally {
    clearTimeout(timer)
  }
}

/** One PDP's answer, read whole; `undefined` when there is none in time. */
async function probe(fetch: typeof globalThis.fetch, url: string, request: PdpRequest): Promise<Probe | undefined> {
  const limited = { ...request, signal: AbortSignal.any([request.signal, AbortSignal.timeout(EACH_MS)]) }
  const began = performance.now()
  try {
    const answer = await attempt(fetch, url, limited, undefined)
    if (answer instanceof Fault) return undefined
    const text = await answer.text()
    return { status: answer.status, text, tookMs: Math.round(performance.now() - began) }
  } catch {
    // The caller has no use for the cause: it shows that this PDP could not be read.
    return undefined
  }
}

/** Frees the connections of answers that are not used. */
function discard(...answers: readonly (Response | Fault | undefined)[]): void {
  for (const answer of answers)
    if (answer && !(answer instanceof Fault)) void answer.body?.cancel().catch(() => undefined)
}
