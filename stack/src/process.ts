/**
 * One child process that serves something: started, awaited until ready, stopped for good.
 * Children lead their own process group, so that Ctrl-C reaches only us and we choose the order in which things end.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from './errors.ts'
import { type ReadyProbe, untilReady } from './net.ts'

/** What to run. `env` is the child's whole environment: nothing is inherited behind the caller's back. */
export interface ProcessSpec {
  /** For messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly ready: ReadyProbe
  /** Gives up waiting for it, and kills it. */
  readonly signal?: AbortSignal
  /** @default 120000 */
  readonly readyTimeoutMs?: number
  /** Output is appended here, 0600; its tail goes into the error when the process dies early. */
  readonly logFile: string
  /** Run as this user and group; needs root. */
  readonly uid?: number
  readonly gid?: number
  /** What asks it to end in good order. @default 'SIGTERM' */
  readonly stopSignal?: NodeJS.Signals
}

/** A running child. Every method resolves after the process is gone; none throws when it is gone already. */
export interface RunningProcess {
  readonly pid: number
  /** Resolves with how it ended: `exit 0`, `SIGKILL`. */
  readonly exited: Promise<string>
  /** `stopSignal`, then SIGKILL to its whole group after `graceMs` (10 s by default). */
  stop(graceMs?: number): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
}

const alive = new Set<number>()

// The last resort: nothing we started outlives us, however we leave (but for SIGKILL, which nobody sees coming).
process.on('exit', () => {
  for (const pid of alive) signalGroup(pid, 'SIGKILL')
})

/**
 * @throws {@link StartError} when it exits, or is not ready in time. It has been killed by then, as it is when
 * `signal` was aborted: then the signal's reason is thrown.
 */
export async function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const { child, pid } = spawnLogged(spec)
  const gone = new AbortController()
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      alive.delete(pid)
      const how = signal ?? `exit ${code ?? 'unknown'}`
      gone.abort(new StartError(`it ended with ${how}`))
      resolve(how)
    })
  })
  const running: RunningProcess = {
    pid,
    exited,
    stop: (graceMs = 10_000) => stopGroup(pid, exited, spec.stopSignal ?? 'SIGTERM', graceMs),
    kill: async (signal = 'SIGKILL') => {
      if (alive.has(pid)) signalGroup(pid, signal)
      await exited
    },
  }
  const outside = spec.signal ? [spec.signal] : []
  try {
    await untilReady(spec.ready, spec.readyTimeoutMs ?? 120_000, AbortSignal.any([gone.signal, ...outside]))
    return running
  } catch (cause) {
    await running.kill()
    spec.signal?.throwIfAborted()
    const reason = cause instanceof StartError ? cause.message : 'it was not ready in time'
    throw new StartError(`${spec.name} did not start: ${reason}.\n${logTail(spec.logFile)}\nLog: ${spec.logFile}`, {
      cause,
    })
  }
}

function spawnLogged(spec: ProcessSpec): { child: ChildProcess; pid: number } {
  mkdirSync(dirname(spec.logFile), { recursive: true, mode: 0o700 })
  const log = openSync(spec.logFile, 'a', 0o600)
  const child = spawn(spec.command, [...spec.args], {
    env: { ...spec.env },
    cwd: spec.cwd,
    detached: true,
    stdio: ['ignore', log, log],
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  })
  closeSync(log)
  child.on('error', () => undefined)
  if (child.pid === undefined) throw new StartError(`${spec.name} did not start: cannot run ${spec.command}`)
  alive.add(child.pid)
  return { child, pid: child.pid }
}

async function stopGroup(pid: number, exited: Promise<string>, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!alive.has(pid)) return
  signalLeader(pid, signal)
  const patience = new AbortController()
  const late = delay(graceMs, 'late', { signal: patience.signal }).catch(() => 'cancelled')
  const first = await Promise.race([exited, late])
  patience.abort()
  if (first === 'late') signalGroup(pid, 'SIGKILL')
  await exited
}

/** The leader only: a shell that traps the signal passes it on itself, and would warn if its child went first. */
function signalLeader(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone between the check and the signal: what we wanted.
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  signalLeader(-pid, signal)
}

/** The last 20 lines at most, indented. Empty when there is no log. */
function logTail(logFile: string): string {
  try {
    const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n')
    return lines.slice(-20).join('\n').replaceAll(/^/gm, '  ')
  } catch {
    return ''
  }
}
