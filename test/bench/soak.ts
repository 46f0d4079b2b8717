/**
 * `npm run bench -- soak`: two PDPs on one PostgreSQL for a long time at half of their peak, with grants and revocations all the while. Prints what must
 * stay flat: memory, the invalidation log, pending changes.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TRIPS } from '../fixtures/pdp.ts'
import { readOptions } from '../support/cli-options.ts'
import { revoke } from './peers/part-pdps.ts'
import { furnishPlace, type Place, preparePlace, questionTo, type RunningPdp } from './peers/place.ts'
import { interleaved, median, paced, quantile, type Timed } from './peers/timing.ts'

type Print = (line: string) => void

const QUESTION = 'chain of 3'
const CALLERS = 32
const PEAK = { rounds: 3, roundMs: 2_000, warmMs: 5_000 }
/** Shorter than a token's lifetime. */
const TOKEN_EVERY_MS = 300_000
const TOKEN_SECONDS = 840
/** Between one grant with its revocation and the next, in milliseconds. */
const CHANGE_EVERY_MS = 500
const SAMPLES = 30

/** State of one PDP, at one moment. */
interface Sample {
  readonly rssMb: number
  readonly memoryMb: number
  readonly entries: number
  readonly events: number
  readonly pending: number
}

/** What happened between two samples. */
interface Stretch {
  readonly minute: number
  readonly rps: number
  readonly p99: number
  readonly revocations: readonly number[]
  readonly samples: readonly Sample[]
}

export async function benchSoak(args: readonly string[], print: Print): Promise<void> {
  const { minutes } = readOptions(args, { minutes: 30 })
  await using closing = new AsyncDisposableStack()
  const place = await preparePlace('postgres', closing)
  const world = await furnishPlace(place)
  const pdps: RunningPdp[] = []
  closing.defer(async () => void (await Promise.all(pdps.map((pdp) => pdp.stop()))))
  for (const name of ['one', 'two']) pdps.push(await place.startPdp({ name }))
  closing.defer(keepTokens(place, pdps))
  const each = pdps.map((pdp) => questionTo(pdp, world, QUESTION))
  const both = inTurn(each)
  const peak = (await interleaved([both], CALLERS, PEAK)).get(both)?.rps ?? 0
  print(
    `two PDPs, ${QUESTION}, ${(peak / 2).toFixed(0)} of ${peak.toFixed(0)} decisions a second, for ${minutes} minutes`,
  )
  print('minute     rps  p99 ms  revocations  p99 ms  RSS MB each  memory MB  entries  log events  pending')
  const stretchMs = (minutes * 60_000) / SAMPLES
  const stretches: Stretch[] = []
  for (let at = 1; at <= SAMPLES; at += 1) {
    const [load, revocations] = await Promise.all([
      paced(both, peak / 2, stretchMs),
      changesFor(stretchMs, () => revoke(place, world, pdps, 1)),
    ])
    const samples = await Promise.all(pdps.map(sampleOf))
    const stretch = { minute: (at * minutes) / SAMPLES, rps: load.rps, p99: load.p99, revocations, samples }
    stretches.push(stretch)
    print(lineOf(stretch))
  }
  for (const line of verdictOf(stretches)) print(line)
}

/** One case that asks each PDP in turn. */
function inTurn(each: readonly Timed[]): Timed {
  let turn = 0
  const next = (): Promise<void> => {
    const one = each[turn % each.length]
    turn += 1
    return one ? one.once() : Promise.reject(new Error('bench: no PDP'))
  }
  return { system: 'Mandate', name: QUESTION, once: next, pids: () => each.flatMap(({ pids }) => pids()) }
}

/** Replaces the callers' tokens before they expire. @returns what ends that. */
function keepTokens({ issuer }: Place, pdps: RunningPdp[]): () => void {
  const renew = async (): Promise<void> => {
    const token = await issuer.token({ ...TRIPS, lifetime: TOKEN_SECONDS })
    for (const pdp of pdps) Object.assign(pdp, { token })
  }
  const timer = setInterval(() => void renew(), TOKEN_EVERY_MS).unref()
  return () => clearInterval(timer)
}

async function changesFor(ms: number, change: () => Promise<readonly number[]>): Promise<readonly number[]> {
  const until = performance.now() + ms
  const took: number[] = []
  while (performance.now() < until) {
    took.push(...(await change()))
    await sleep(CHANGE_EVERY_MS)
  }
  return took.toSorted((a, b) => a - b)
}

async function sampleOf({ url }: RunningPdp): Promise<Sample> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'mu').exec(text)?.[1] ?? Number.NaN)
  return {
    rssMb: value('process_resident_memory_bytes') / 2 ** 20,
    memoryMb: value('mandate_memory_bytes') / 2 ** 20,
    entries: value('mandate_memory_entries'),
    events: value('mandate_invalidation_log_events'),
    pending: value('mandate_pending_changes'),
  }
}

function lineOf({ minute, rps, p99, revocations, samples }: Stretch): string {
  const most = (of: keyof Sample): string => Math.max(...samples.map((one) => one[of])).toFixed(0)
  const memory = Math.max(...samples.map(({ memoryMb }) => memoryMb)).toFixed(1)
  const cells: readonly (readonly [string, number])[] = [
    [minute.toFixed(1), 6],
    [rps.toFixed(0), 8],
    [p99.toFixed(1), 8],
    [`${revocations.length}`, 13],
    [quantile(revocations, 0.99).toFixed(1), 8],
    [samples.map(({ rssMb }) => rssMb.toFixed(0)).join(' '), 13],
    [memory, 11],
    [most('entries'), 9],
    [most('events'), 12],
    [most('pending'), 9],
  ]
  return cells.map(([text, width]) => text.padStart(width)).join('')
}

/** Compares the second third, when V8 has warmed up, with the last one. */
function verdictOf(stretches: readonly Stretch[]): readonly string[] {
  const third = Math.floor(stretches.length / 3)
  const of = (part: readonly Stretch[], name: keyof Sample): number =>
    median(part.flatMap(({ samples }) => samples.map((sample) => sample[name])))
  const [middle, last] = [stretches.slice(third, 2 * third), stretches.slice(2 * third)]
  const compared = (['rssMb', 'memoryMb', 'entries', 'events', 'pending'] as const).map(
    (name) =>
      `  ${name.padEnd(10)} ${of(middle, name).toFixed(1).padStart(10)} ${of(last, name).toFixed(1).padStart(10)}`,
  )
  return ['medians of the second third and of the last third', ...compared]
}
