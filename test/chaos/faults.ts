/**
 * Faults of `npm run chaos`: each process stopped, killed or with a wrong clock, each connection cut, stalled or slow. One or two at a time; after each, how
 * long every part took to answer again.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { type FaultLog, pause as realPause } from '../new-enemy/faults.ts'
import type { Line } from '../new-enemy/line.ts'
import type { Random } from '../new-enemy/random.ts'
import type { ChaosClock } from './skew.ts'
import type { ChaosStage } from './stage.ts'
import { type Restartable, Supervisor } from './supervisor.ts'

export interface Fault {
  /** Kind of fault, by which faults and recoveries are counted. */
  readonly kind: string
  /** Process or connection. Faults of the same one are not caused together. */
  readonly target: string
  /** Breaks what `docs/consistency.md` demands of an operator. */
  readonly isBeyond?: boolean
  begin(random: Random): unknown
  end(): unknown
}

export interface FaultEvent {
  readonly kind: string
  readonly target: string
  /** Milliseconds since the arm began. */
  readonly from: number
  readonly to: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Supervised processes by name. */
export type Supervisors = ReadonlyMap<string, Supervisor>

export function superviseAll(stage: ChaosStage, onEnd: (name: string, how: string) => void): Supervisors {
  const { openFga, postgres, trips, pdps } = stage
  const all = new Map<string, Restartable>([
    ...pdps.map(({ service }, index) => [`pdp-${index}`, service] as const),
    ['trips', trips.service],
    ['openfga', openFga],
    ['postgres', postgres],
  ])
  return new Map([...all].map(([name, part]) => [name, new Supervisor(part, (how) => onEnd(name, how))]))
}

/** Every fault that can be caused on this platform. */
export function faultsOf(stage: ChaosStage, supervisors: Supervisors): readonly Fault[] {
  const { pdps, trips, clocks, openFga, postgres, storeLine } = stage
  const ours = new Map([
    ...pdps.map(({ service }, index) => [`pdp-${index}`, service] as const),
    ['trips', trips.service],
  ])
  const connections = new Map<string, Line>([
    ['openfga to postgres', storeLine],
    ['trips to postgres', trips.lines.postgres],
    ['trips to issuer', trips.lines.issuer],
    ...trips.lines.pdps.map((line, index) => [`trips to pdp-${index}`, line] as const),
    ...pdps.flatMap(({ lines }, index) =>
      Object.entries(lines).map(([name, line]) => [`pdp-${index} to ${name.toLowerCase()}`, line] as const),
    ),
  ])
  const issuerLines = [trips.lines.issuer, ...pdps.map(({ lines }) => lines.issuer)]
  const all = [
    ...[...ours].map(([name, { pid }]) => stopped(name, () => [pid()])),
    stopped('openfga', () => [openFga.pid() ?? 0]),
    ...(existsSync('/proc/self/task') ? [stopped('postgres', () => family(postgres.pid()))] : []),
    ...[...supervisors].map(([name, supervisor]) => killed(name, supervisor)),
    ...[...connections].flatMap(([name, line]) => lineFaults('connection', name, [line])),
    ...lineFaults('issuer', 'issuer', issuerLines),
    ...clocks.flatMap((clock, index) => clockFaults(`pdp-${index}`, clock)),
    ...clockFaults('trips', trips.clock),
  ]
  return all
}

function stopped(target: string, pids: () => readonly number[]): Fault {
  let held: readonly number[] = []
  return {
    kind: 'process stopped',
    target,
    begin: () => {
      held = pids()
      for (const pid of held) process.kill(pid, 'SIGSTOP')
    },
    end: () => {
      for (const pid of held) signalIfThere(pid, 'SIGCONT')
    },
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** A process and its children: PostgreSQL has one for each connection. */
function family(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...children.split(' ').filter(Boolean).map(Number)]
}

const killed = (target: string, supervisor: Supervisor): Fault => ({
  kind: 'process killed',
  target,
  begin: () => supervisor.hold(),
  end: () => supervisor.release(),
})

function lineFaults(what: string, target: string, lines: readonly Line[]): readonly Fault[] {
  const each = (kind: string, begin: (line: Line, random: Random) => void): Fault => ({
    kind: `${what} ${kind}`,
    target,
    begin: (random) => {
      for (const line of lines) begin(line, random)
    },
    end: () => {
      for (const line of lines) line.pass()
    },
  })
  return [
    each('cut', (line) => line.cut()),
    each('stalled', (line) => line.stall()),
    each('slow', (line, random) => line.slow(20 + random.integer(400))),
  ]
}

function clockFaults(target: string, clock: ChaosClock): readonly Fault[] {
  const each = (kind: string, draw: (random: Random) => { readonly byMs: number; readonly rate: number }): Fault => ({
    kind: `clock ${kind}`,
    target,
    begin: (random) => clock.set(draw(random)),
    end: () => clock.reset(),
  })
  const off = (random: Random, from: number, to: number): number =>
    (from + random.integer(to - from)) * (random.next() < 0.5 ? -1 : 1)
  return [
    each('off by less than 1 s', (random) => ({ byMs: off(random, 100, 1_000), rate: 1 })),
    {
      // More than the second that PDPs may differ by, less than the minute from which a PDP refuses its clock (ADR 0082).
      ...each('off by 2 to 55 s', (random) => ({ byMs: off(random, 2_000, 55_000), rate: 1 })),
      isBeyond: true,
    },
    each('off by minutes or days', (random) => ({ byMs: off(random, 2 * MINUTE_MS, 2 * DAY_MS), rate: 1 })),
    each('slow or fast', (random) => ({ byMs: 0, rate: random.pick([0.5, 0.8, 1.2, 1.5]) })),
  ]
}

export interface Causing {
  readonly faults: readonly Fault[]
  /** Resolves when every part answers again. @param ended - Kinds of the faults that ended just now. */
  recovered(ended: readonly string[]): Promise<void>
  note(event: FaultEvent): void
  /** @default waits for that time, or until the signal aborts */
  readonly pause?: typeof realPause
}

/** Causes one fault, or two at once, again and again until `signal` aborts; ends the last ones before it resolves. */
export async function causeChaos(
  { faults, recovered, note, pause = realPause }: Causing,
  random: Random,
  log: FaultLog,
  signal: AbortSignal,
): Promise<void> {
  const begun = performance.now()
  const at = (): number => Math.round(performance.now() - begun)
  while (!signal.aborted) {
    await pause(200 + random.integer(1_000), signal)
    if (signal.aborted) return
    const first = random.pick(faults)
    const others = faults.filter(({ target }) => target !== first.target)
    const chosen = random.next() < 0.4 ? [first, random.pick(others)] : [first]
    log.now = chosen.map(({ kind, target }) => `${kind} (${target})`).join(' and ')
    const from = at()
    for (const { kind, begin } of chosen) {
      log.counts.set(kind, (log.counts.get(kind) ?? 0) + 1)
      await begin(random)
    }
    await pause(300 + random.integer(4_000), signal)
    await Promise.all(chosen.map(({ end }) => end()))
    for (const { kind, target } of chosen) note({ kind, target, from, to: at() })
    await recovered(chosen.map(({ kind }) => kind))
    log.now = ''
  }
}
