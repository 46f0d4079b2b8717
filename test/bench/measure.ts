/**
 * Timing: warmed up, interleaved in rounds, medians. What is compared is compared in the same run.
 *
 * @module
 */

/** One thing to time. `once` must throw when the answer is not the one expected: a fast wrong answer is not a result. */
export interface Case {
  readonly name: string
  readonly system: string
  readonly once: () => Promise<void>
}

export interface Row {
  readonly case: string
  readonly system: string
  readonly store: string
  readonly tuples: number
  readonly connections: number
  readonly rps: number
  readonly p50_ms: number
  readonly p95_ms: number
  readonly p99_ms: number
}

export interface Plan {
  readonly rounds: number
  /** Length of one measurement, in milliseconds. */
  readonly roundMs: number
  readonly connections: number
}

/** Runs every case once a round, in turn, and gives the median of the rounds of each figure. */
export async function measure(
  cases: readonly Case[],
  plan: Plan,
  about: Pick<Row, 'store' | 'tuples'>,
): Promise<readonly Row[]> {
  const samples = new Map<Case, number[][]>(cases.map((one) => [one, []]))
  for (const one of cases) await load(one, plan.connections, plan.roundMs / 4)
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const one of cases) samples.get(one)?.push(await load(one, plan.connections, plan.roundMs))
  }
  return cases.map((one) => {
    const rounds = (samples.get(one) ?? []).map(figures)
    const medianOf = (pick: (figure: Figures) => number): number =>
      round(quantile(rounds.map(pick).sort(ascending), 0.5))
    return {
      case: one.name,
      system: one.system,
      ...about,
      connections: plan.connections,
      rps: medianOf(({ latencies }) => (latencies.length / plan.roundMs) * 1000),
      p50_ms: medianOf(({ latencies }) => quantile(latencies, 0.5)),
      p95_ms: medianOf(({ latencies }) => quantile(latencies, 0.95)),
      p99_ms: medianOf(({ latencies }) => quantile(latencies, 0.99)),
    }
  })
}

interface Figures {
  readonly latencies: readonly number[]
}

const ascending = (a: number, b: number): number => a - b
const figures = (latencies: readonly number[]): Figures => ({ latencies: [...latencies].sort(ascending) })
const quantile = (sorted: readonly number[], at: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0
const round = (value: number): number => Math.round(value * 100) / 100

/** Latencies in milliseconds of all that was answered in the time, by so many callers that each wait for their answer. */
async function load(one: Case, connections: number, ms: number): Promise<number[]> {
  const latencies: number[] = []
  const end = performance.now() + ms
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const begin = performance.now()
      await one.once()
      latencies.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: connections }, worker))
  return latencies
}
