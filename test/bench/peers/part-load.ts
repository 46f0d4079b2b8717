/**
 * Latency against load: requests sent at a steady rate, from a tenth of the peak to near it.
 *
 * @module
 */
import type { World } from '../../fixtures/world.ts'
import type { Notebook } from './findings.ts'
import type { Scale } from './options.ts'
import { type Place, questionTo, type RunningPdp } from './place.ts'
import { preparePure, pureCases } from './pure.ts'
import { interleaved, paced, type Timed } from './timing.ts'

const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9]
const HALF = 0.5
const DEEP = 'chain of 3'
const CALLERS = 32

export async function measureLoad(
  place: Place,
  pdp: RunningPdp,
  world: World,
  book: Notebook,
  scale: Scale,
): Promise<void> {
  const mandate = questionTo(pdp, world, DEEP)
  const pure = pureCases(await preparePure(place)).chain(3)
  const peaks = await interleaved([mandate, pure], CALLERS, scale)
  const names = new Map<Timed, string>([
    [mandate, 'Mandate, explained and logged'],
    [pure, 'OpenFGA Check, yes or no'],
  ])
  for (const [one, { rps }] of peaks) {
    const p50: { x: number; y: number }[] = []
    const p99: { x: number; y: number }[] = []
    for (const share of SHARES) {
      const figures = await paced(one, rps * share, scale.pacedMs)
      p50.push({ x: figures.rps, y: figures.p50 })
      p99.push({ x: figures.rps, y: figures.p99 })
      if (one === mandate && share === HALF)
        book.target({
          what: 'chain of 3 at half of peak, p99',
          value: figures.p99,
          unit: 'ms',
          most: 5,
          note: `${figures.rps.toFixed(0)} requests a second, each timed from when it was due`,
        })
    }
    book.series.push({ plot: 'load', name: `${names.get(one)}: p50`, points: p50 })
    book.series.push({ plot: 'load', name: `${names.get(one)}: p99`, points: p99 })
  }
}
