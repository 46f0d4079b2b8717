/**
 * One arm of `npm run chaos`: changes and decisions as in the new-enemy test, a service before the PDPs, faults of every part, and in the end the logs.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ArmResult, runSlots } from '../new-enemy/run.ts'
import { makeSlots, Route } from '../new-enemy/slots.ts'
import { checkLogs, type LogReport } from './answers.ts'
import { causeChaos, type FaultEvent, faultsOf, superviseAll } from './faults.ts'
import { makeProbes, measureRecovery, type Recovery } from './recovery.ts'
import { expiring, servedTrip } from './slots.ts'
import { type ChaosStage, startChaosStage } from './stage.ts'

export interface ChaosOptions {
  readonly seed: number
  readonly ms: number
  readonly pdps: number
  readonly defences: 'on' | 'off'
  readonly writers: number
  readonly readers: number
  /** Only faults whose kind or target has this text. */
  readonly only: string
  /** No fault whose kind or target has this text. @default every fault */
  readonly without: string
  /** Also faults that break what `docs/consistency.md` demands of an operator: clocks that differ by more than a second. */
  readonly beyond: boolean
  readonly onProgress?: (progress: Progress) => void
  /** Keeps a copy of the logs before they are removed. */
  readonly keep?: (stage: ChaosStage, result: ChaosResult) => void
}

export interface Progress {
  readonly seconds: number
  readonly counts: ArmResult['counts']
  readonly violations: number
  readonly faults: number
  readonly slowestRecoveryMs: number
}

export interface ChaosResult extends ArmResult {
  readonly log: LogReport
  readonly recoveries: readonly Recovery[]
  readonly events: readonly FaultEvent[]
  /** Processes that ended although nothing had killed them, and how. */
  readonly ends: readonly string[]
  /** Decisions that were answered, through the service too. */
  readonly decisions: number
  readonly grantChanges: number
}

const PROGRESS_MS = 10_000
/** Pause after each operation: parts must have time to recover on a machine of two cores. */
const THINK_MS = 20

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-chaos-'))
  try {
    const stage = await startChaosStage({ pdps: options.pdps, defences: options.defences, folder })
    try {
      return await runOn(stage, options)
    } finally {
      await stage.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runOn(stage: ChaosStage, options: ChaosOptions): Promise<ChaosResult> {
  const { seed, ms, pdps, writers, readers, only, without, beyond, onProgress } = options
  const ending = new AbortController()
  const route = new Route(stage)
  const slots = await makeSlots(stage, route, 1, [servedTrip(stage), expiring(ending.signal)])
  const probes = await makeProbes(stage)
  const [ends, events, recoveries]: [string[], FaultEvent[], Recovery[]] = [[], [], []]
  const supervisors = superviseAll(stage, (name, how) => ends.push(`${name}: ${how}`))
  const faults = faultsOf(stage, supervisors).filter(({ kind, target, isBeyond = false }) => {
    const name = `${kind} ${target}`
    return (beyond || !isBeyond) && name.includes(only) && !(without !== '' && name.includes(without))
  })
  const recovered = async (after: readonly string[]): Promise<void> => {
    recoveries.push(...(await measureRecovery(probes, after)))
  }
  const begun = performance.now()
  const progress: { now?: Pick<ArmResult, 'counts' | 'violations'> } = {}
  const timer = setInterval(() => {
    if (!progress.now) return
    const { counts, violations } = progress.now
    const slowestRecoveryMs = Math.max(0, ...recoveries.map((one) => one.ms))
    const seconds = Math.round((performance.now() - begun) / 1_000)
    onProgress?.({ seconds, counts, violations: violations.length, faults: events.length, slowestRecoveryMs })
  }, PROGRESS_MS)
  const causing = { faults, recovered, note: (event: FaultEvent) => void events.push(event) }
  const end = setTimeout(() => ending.abort(), ms)
  try {
    const parts = {
      stage,
      slots,
      route,
      cause: (...given: Parameters<typeof causeChaos> extends [unknown, ...infer Rest] ? Rest : never) =>
        causeChaos(causing, ...given),
      watch: (now: Pick<ArmResult, 'counts' | 'violations'>) => {
        progress.now = now
      },
    }
    const barrier = options.defences
    const plan = { barrier, seed, ms, pdps, copies: 1, writers, readers, faults: true, thinkMs: THINK_MS }
    const result = await runSlots(parts, plan)
    for (const supervisor of supervisors.values()) supervisor.stop()
    // Each publishes its last checkpoint.
    await Promise.all(stage.pdps.map(({ service }) => service.stop()))
    const log = await checkLogs(stage.pdps, stage.answers)
    const { decisions, grants, revoked } = stage.answers
    const grantChanges = grants.size + revoked.size
    const all = { ...result, log, recoveries, events, ends, decisions: decisions.size, grantChanges }
    options.keep?.(stage, all)
    return all
  } finally {
    clearTimeout(end)
    clearInterval(timer)
    for (const supervisor of supervisors.values()) supervisor.stop()
  }
}
