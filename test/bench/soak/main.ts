/**
 * `npm run bench -- soak`: two PDPs on one PostgreSQL for a long time at half of their peak, with grants and revocations all the while. Samples memory,
 * handles and disk.
 *
 * @module
 */
import { mkdirSync, statfsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TRIPS } from '../../fixtures/pdp.ts'
import type { World } from '../../fixtures/world.ts'
import { readOptions, UsageError } from '../../support/cli-options.ts'
import { send } from '../client.ts'
import { machineNow } from '../peers/findings.ts'
import { revoke, WrongDecision } from '../peers/part-pdps.ts'
import { findQuestion, furnishPlace, type Place, preparePlace, questionTo, type RunningPdp } from '../peers/place.ts'
import { interleaved, quantile, type Timed } from '../peers/timing.ts'
import { plotSoak, verdictOf } from './plots.ts'
import { appendLine, readSoak, type Sample, samplePdp, samplePostgres } from './samples.ts'
import { type Outcome, SteadyLoad } from './steady-load.ts'

type Print = (line: string) => void

const QUESTION = 'chain of 3'
const CALLERS = 32
const PEAK = { rounds: 5, roundMs: 2_000, warmMs: 5_000 }
const NAMES = ['one', 'two'] as const
/** Shorter than a token's lifetime. */
const TOKEN_EVERY_MS = 300_000
const TOKEN_SECONDS = 840
/** Between one grant with its revocation and the next, in milliseconds. */
const CHANGE_EVERY_MS = 500
const SAMPLES = 120
const LEAST_SAMPLE_MS = 5_000
/** Log, index and write-ahead log together, in bytes a decision, rounded up. */
const BYTES_A_DECISION = 4_096
const PLOTS = 'docs/performance'

export async function benchSoak(args: readonly string[], print: Print): Promise<void> {
  const { minutes, rate, json, plot } = readOptions(args, { minutes: 30, rate: 0, json: '', plot: '' })
  const file = plot || (await soak({ minutes, rate, json }, print))
  const found = readSoak(file)
  if (found.samples.length < 3) throw new UsageError(`${file}: fewer than three samples`)
  for (const line of verdictOf(found)) print(line)
  if (plot) for (const path of plotSoak(found, PLOTS)) print(path)
  else print(`npm run bench -- soak --plot ${file}   draws ${PLOTS}/soak-*.svg`)
  if (found.samples.some(({ decisions, changes }) => decisions.wrong + changes.wrong > 0)) process.exitCode = 1
}

interface SoakOptions {
  readonly minutes: number
  /** 0: half of the peak. */
  readonly rate: number
  /** Empty: a new file below `.mandate`. */
  readonly json: string
}

/** @returns the path of its samples. */
async function soak({ minutes, rate: given, json }: SoakOptions, print: Print): Promise<string> {
  await using closing = new AsyncDisposableStack()
  const loadBefore = loadavg()[0] ?? 0
  const place = await preparePlace('postgres', closing)
  const world = await furnishPlace(place)
  const pdps: RunningPdp[] = []
  closing.defer(async () => void (await Promise.all(pdps.map((pdp) => pdp.stop()))))
  for (const name of NAMES) pdps.push(await place.startPdp({ name }))
  closing.defer(keepTokens(place, pdps))
  const peak = given > 0 ? undefined : await peakOf(pdps, world)
  const rate = peak === undefined ? given : peak / 2
  requireDisk(rate * minutes * 60)
  const file = json || newFile()
  const machine = machineNow(loadBefore)
  appendLine(file, { kind: 'soak', machine, minutes, rate, peak })
  print(`two PDPs, ${QUESTION}, ${rate.toFixed(0)} decisions a second for ${minutes} minutes; samples: ${file}`)
  if (loadBefore > machine.cores / 2)
    print(`load average ${loadBefore.toFixed(1)} before it: the peak is that of a busy machine; --rate N sets the rate`)
  print(HEAD)
  const changes = new Changes(place, world, pdps)
  const load = new SteadyLoad({ perSecond: rate, ask: questionsInTurn(pdps, world) })
  const begin = performance.now()
  const sampleMs = Math.max(LEAST_SAMPLE_MS, (minutes * 60_000) / SAMPLES)
  for (let at = 1; at * sampleMs <= minutes * 60_000; at += 1) {
    await sleep(Math.max(0, begin + at * sampleMs - performance.now()))
    const sample = await sampleAll({ place, pdps, load, changes, begin })
    appendLine(file, sample)
    print(lineOf(sample))
  }
  await Promise.all([load.stop(), changes.stop()])
  return file
}

function newFile(): string {
  const folder = join(process.cwd(), '.mandate')
  mkdirSync(folder, { recursive: true })
  return join(folder, `soak-${new Date().toISOString().replaceAll(/[:.]/gu, '-')}.jsonl`)
}

/** @throws Error when the disk would be full before the end. */
function requireDisk(decisions: number): void {
  const { bavail, bsize } = statfsSync(process.cwd())
  const [needed, free] = [decisions * BYTES_A_DECISION, bavail * bsize]
  if (needed > free)
    throw new Error(
      `bench: ${decisions.toFixed(0)} decisions need up to ${(needed / 2 ** 30).toFixed(0)} GB, and ${(free / 2 ** 30).toFixed(0)} are free`,
    )
}

/** The best round: a disturbance of the machine lowers a round, and never raises one. */
async function peakOf(pdps: readonly RunningPdp[], world: World): Promise<number> {
  const each = pdps.map((pdp) => questionTo(pdp, world, QUESTION))
  let turn = 0
  const next = (): Promise<void> => each[turn++ % each.length]?.once() ?? Promise.reject(new Error('bench: no PDP'))
  const both: Timed = {
    system: 'Mandate',
    name: QUESTION,
    once: next,
    pids: () => each.flatMap(({ pids }) => pids()),
  }
  let best = 0
  for (let round = 0; round < PEAK.rounds; round += 1) {
    const warmMs = round === 0 ? PEAK.warmMs : 0
    const figures = await interleaved([both], CALLERS, { rounds: 1, roundMs: PEAK.roundMs, warmMs })
    best = Math.max(best, figures.get(both)?.rps ?? 0)
  }
  return best
}

/** Asks each PDP in turn. */
function questionsInTurn(pdps: readonly RunningPdp[], world: World): () => Promise<Outcome> {
  const { path, body, isRight } = findQuestion(world, QUESTION)
  let turn = 0
  return async () => {
    const pdp = pdps[turn++ % pdps.length]
    if (!pdp) return 'failed'
    try {
      return isRight(await send(pdp.pool, path, pdp.token, body)) ? 'right' : 'wrong'
    } catch {
      return 'failed'
    }
  }
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

/** Grants and revokes all the while, through each PDP in turn; after each the other PDP is asked. */
class Changes {
  #counts = { done: 0, failed: 0, wrong: 0 }
  #took: number[] = []
  #isStopped = false
  readonly #changing: Promise<void>

  constructor(place: Place, world: World, pdps: readonly RunningPdp[]) {
    this.#changing = this.#change(place, world, pdps)
  }

  /** Figures since the last call. */
  take(): Sample['changes'] {
    const p99 = quantile(
      this.#took.toSorted((a, b) => a - b),
      0.99,
    )
    const taken = { ...this.#counts, p99 }
    this.#counts = { done: 0, failed: 0, wrong: 0 }
    this.#took = []
    return taken
  }

  stop(): Promise<void> {
    this.#isStopped = true
    return this.#changing
  }

  async #change(place: Place, world: World, pdps: readonly RunningPdp[]): Promise<void> {
    for (let at = 0; !this.#isStopped; at += 1) {
      // Each PDP is in turn the first, which makes the change.
      const inTurn = at % 2 === 0 ? pdps : pdps.toReversed()
      try {
        this.#took.push(...(await revoke(place, world, inTurn, 1)))
        this.#counts.done += 1
      } catch (error) {
        this.#counts[error instanceof WrongDecision ? 'wrong' : 'failed'] += 1
      }
      await sleep(CHANGE_EVERY_MS)
    }
  }
}

interface Sampled {
  readonly place: Place
  readonly pdps: readonly RunningPdp[]
  readonly load: SteadyLoad
  readonly changes: Changes
  readonly begin: number
}

async function sampleAll({ place, pdps, load, changes, begin }: Sampled): Promise<Sample> {
  const decisions = load.takeWindow()
  const entries = pdps.map(async (pdp, at) => {
    const name = NAMES[at] ?? ''
    return [name, await samplePdp(pdp, place.dataDirOf(name))] as const
  })
  return {
    kind: 'sample',
    minute: (performance.now() - begin) / 60_000,
    load1: loadavg()[0] ?? 0,
    decisions,
    changes: changes.take(),
    pdps: Object.fromEntries(await Promise.all(entries)),
    postgresMb: await samplePostgres(place),
  }
}

const WIDTHS = [8, 8, 9, 8, 8, 8, 9, 8, 14, 11, 11, 10] as const
const row = (cells: readonly string[]): string => cells.map((cell, at) => cell.padStart(WIDTHS[at] ?? 0)).join('')
const HEAD = row('minute,load,right/s,wrong,failed,p50 ms,p99 ms,revoked,RSS MB,open files,handles,log MB'.split(','))

function lineOf({ minute, load1, decisions, changes, pdps }: Sample): string {
  const each = (figure: keyof Sample['pdps'][string]): string =>
    Object.values(pdps)
      .map((pdp) => pdp[figure]?.toFixed(0) ?? '?')
      .join(' ')
  const { right, wrong, failed, unsent, seconds, p50, p99 } = decisions
  return row([
    minute.toFixed(1),
    load1.toFixed(1),
    (right / seconds).toFixed(0),
    `${wrong + changes.wrong}`,
    `${failed + unsent + changes.failed}`,
    p50.toFixed(1),
    p99.toFixed(1),
    `${changes.done}`,
    each('rssMb'),
    each('descriptors'),
    each('handles'),
    each('logMb'),
  ])
}
