/**
 * Statistics for the page's chart: activity over time and the most frequent denial reasons, over the newest matching entries. The number of entries is
 * bounded, so the response time does not depend on the log's size; the result says how many were counted.
 *
 * @module
 */
import { type DecisionPage, decisionPageSchema, entryTime, Fault, type LoggedEntry } from '@mandate/protocol'

const PAGE_SIZE = 1_000
const MAX_PAGES = 5
const BUCKETS = 48
const MAX_REASONS = 6
/** Possible bucket widths, in milliseconds: round numbers of seconds, minutes, hours and days. */
const STEPS = [1e3, 5e3, 15e3, 60e3, 300e3, 900e3, 3_600e3, 6 * 3_600e3, 86_400e3, 7 * 86_400e3, 30 * 86_400e3]

/** The statistics. */
export interface Overview {
  /** Number of matching entries. */
  readonly total: number
  /** Number of entries that were counted: the newest. */
  readonly counted: number
  readonly permits: number
  readonly denials: number
  /** Width of a bucket, in milliseconds. */
  readonly step: number
  /** Buckets, oldest first, without gaps. `at`: start of the bucket, in epoch milliseconds. */
  readonly buckets: readonly {
    readonly at: number
    readonly permits: number
    readonly denials: number
    readonly others: number
  }[]
  /** Reasons of denials, most frequent first. */
  readonly denied: readonly { readonly reason: string; readonly count: number }[]
}

type RequestPdp = (path: string) => Promise<Response>

/** Yields pages of the query, at most {@link MAX_PAGES}. Returns the PDP's error response, if there was one. */
export async function* readPages(request: RequestPdp, query: string): AsyncGenerator<DecisionPage, Response> {
  const parameters = new URLSearchParams(query)
  parameters.set('limit', String(PAGE_SIZE))
  for (let read = 0; ; read += 1) {
    const answer = await request(`/v1/decisions?${parameters}`)
    if (!answer.ok) return answer
    const page = decisionPageSchema.safeParse(await answer.json())
    if (!page.success)
      throw new Fault('decision_unavailable', 'the response of the PDP is malformed', { cause: page.error })
    yield page.data
    if (page.data.next_cursor === undefined || read + 1 >= MAX_PAGES) return new Response()
    parameters.set('cursor', page.data.next_cursor)
  }
}

/** Computes the statistics. When a further page fails, the entries so far are counted. */
export async function overviewOf(first: DecisionPage, more: AsyncIterable<DecisionPage>): Promise<Overview> {
  const entries = [...first.entries]
  for await (const page of more) entries.push(...page.entries)
  const denied = new Map<string, number>()
  for (const entry of entries) {
    const reason = deniedFor(entry)
    if (reason) denied.set(reason, (denied.get(reason) ?? 0) + 1)
  }
  return {
    total: first.total,
    counted: entries.length,
    permits: entries.filter(({ decision }) => decision === true).length,
    denials: entries.filter(({ decision }) => decision === false).length,
    ...bucketsOf(entries),
    denied: [...denied]
      .map(([reason, count]) => ({ reason, count }))
      .toSorted((one, other) => other.count - one.count || one.reason.localeCompare(other.reason))
      .slice(0, MAX_REASONS),
  }
}

function deniedFor({ decision, reasons, code }: LoggedEntry): string | undefined {
  if (decision === false) return reasons?.[0]?.code ?? code
  return undefined
}

function bucketsOf(entries: readonly LoggedEntry[]): Pick<Overview, 'step' | 'buckets'> {
  const times = entries.map(entryTime)
  let from = times[0] ?? 0
  let to = from
  for (const time of times) {
    from = Math.min(from, time)
    to = Math.max(to, time)
  }
  const step = STEPS.find((width) => (to - from) / width < BUCKETS) ?? STEPS.at(-1) ?? 1
  const start = Math.floor(from / step)
  const size = entries.length === 0 ? 0 : Math.min(Math.floor(to / step) - start + 1, 400)
  const buckets = Array.from({ length: size }, (_, at) => ({
    at: (start + at) * step,
    permits: 0,
    denials: 0,
    others: 0,
  }))
  for (const [at, entry] of entries.entries()) {
    const bucket = buckets[Math.min(size - 1, Math.floor((times[at] ?? 0) / step) - start)]
    if (bucket) bucket[kindOf(entry)] += 1
  }
  return { step, buckets }
}

function kindOf({ decision }: LoggedEntry): 'permits' | 'denials' | 'others' {
  if (decision === undefined) return 'others'
  return decision ? 'permits' : 'denials'
}
