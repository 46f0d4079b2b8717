/**
 * Timing: warmed up, interleaved in rounds, medians. What is compared is compared in the same run.
 *
 * @module
 */

/** One thing to time. `once` must throw when the answer is not the one expected: a fast wrong answer is not a result. */
export interface Case {
  readonly name: string
  readonly system: 'mandate' | 'openfga'
  readonly once: () => Promise<void>
  /** How many calls to OpenFGA it makes. */
  readonly calls: number
}

export interface Row {
  readonly case: string
  readonly system: Case['system']
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
  /** Length of one measurement, in milliseconds; what is under way by then is waited for. */
  readonly roundMs: number
  /** Of each case, before anything is measured, in milliseconds: a process that was just started runs uncompiled. */
  readonly warmMs: number
  readonly connections: number
  /** What would have more calls to OpenFGA on their way at the same time is left out. */
  readonly mostCalls: number
}

/** Runs every case once a round, in turn, and gives the median of the rounds of each figure. */
export async function measure(
  cases: readonly Case[],
  plan: Plan,
  about: Pick<Row, 'store' | 'tuples'>,
): Promise<readonly Row[]> {
  const timed = cases.filter(({ calls }) => calls * plan.connections <= plan.mostCalls)
  const figures = new Map<Case, Figures[]>(timed.map((one) => [one, []]))
  for (const one of timed) await load(one, plan.connections, plan.warmMs)
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const one of timed) figures.get(one)?.push(await load(one, plan.connections, plan.roundMs))
  }
  return timed.map((one) => {
    const rounds = figures.get(one) ?? []
    const median = (figure: keyof Figures): number =>
      rounded(quantile(rounds.map((round) => round[figure]).sort(ascending), 0.5))
    return {
      case: one.name,
      system: one.system,
      ...about,
      connections: plan.connections,
      rps: median('rps'),
      p50_ms: median('p50'),
      p95_ms: median('p95'),
      p99_ms: median('p99'),
    }
  })
}

interface Figures {
  readonly rps: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

const ascending = (a: number, b: number): number => a - b
const quantile = (sorted: readonly number[], at: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0
const rounded = (value: number): number => Math.round(value * 100) / 100

/** So many callers, each of whom waits for an answer before asking again. */
async function load(one: Case, connections: number, ms: number): Promise<Figures> {
  const latencies: number[] = []
  const start = performance.now()
  const caller = async (): Promise<void> => {
    while (performance.now() < start + ms) {
      const begin = performance.now()
      await one.once()
      latencies.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: connections }, caller))
  const took = performance.now() - start
  latencies.sort(ascending)
  return {
    rps: (latencies.length / took) * 1000,
    p50: quantile(latencies, 0.5),
    p95: quantile(latencies, 0.95),
    p99: quantile(latencies, 0.99),
  }
}
