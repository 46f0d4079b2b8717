/**
 * Faults of the new-enemy test: PDPs are stopped, killed and cut off, one fault at a time and another soon after.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from './random.ts'
import type { Stage, StagedPdp } from './stage.ts'

interface Fault {
  readonly name: string
  begin(pdp: StagedPdp): unknown
  end(pdp: StagedPdp): unknown
}

const FAULTS: readonly Fault[] = [
  {
    name: 'SIGSTOP',
    begin: ({ service }) => process.kill(service.pid(), 'SIGSTOP'),
    end: ({ service }) => process.kill(service.pid(), 'SIGCONT'),
  },
  { name: 'SIGKILL', begin: ({ service }) => service.kill(), end: ({ service }) => superviseRestart(service) },
  { name: 'PostgreSQL cut', begin: ({ lines }) => lines.postgres.cut(), end: ({ lines }) => lines.postgres.pass() },
  {
    name: 'PostgreSQL stalled',
    begin: ({ lines }) => lines.postgres.stall(),
    end: ({ lines }) => lines.postgres.pass(),
  },
  { name: 'OpenFGA cut', begin: ({ lines }) => lines.openFga.cut(), end: ({ lines }) => lines.openFga.pass() },
  { name: 'OpenFGA stalled', begin: ({ lines }) => lines.openFga.stall(), end: ({ lines }) => lines.openFga.pass() },
]

const STARTS = 5

/** Starts a PDP again as a supervisor does: on a busy machine PostgreSQL may not answer a start in time, which exits with 69. */
async function superviseRestart(service: StagedPdp['service']): Promise<void> {
  for (let left = STARTS - 1; ; left -= 1) {
    try {
      return await service.restart()
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

export interface FaultLog {
  /** How often each fault was caused. */
  readonly counts: Map<string, number>
  /** The fault under way, for reports. */
  now: string
}

/** Causes faults until `signal` aborts; ends the last one before it resolves. */
export async function causeFaults(stage: Stage, random: Random, log: FaultLog, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(300 + random.integer(1_500), signal)
    if (signal.aborted) return
    const [index, fault] = [random.integer(stage.pdps.length), random.pick(FAULTS)]
    const pdp = stage.pdps[index]
    if (!pdp) return
    log.now = `${fault.name} of PDP ${index}`
    log.counts.set(fault.name, (log.counts.get(fault.name) ?? 0) + 1)
    await fault.begin(pdp)
    await pause(200 + random.integer(2_500), signal)
    await fault.end(pdp)
    log.now = ''
  }
}

export const pause = (ms: number, signal: AbortSignal): Promise<unknown> =>
  delay(ms, undefined, { signal }).catch(() => undefined)
