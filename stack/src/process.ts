/**
 * Starts a server as a child process, waits until it is ready, and stops it. Each child has its own process group, so that Ctrl-C in the terminal
 * reaches only this process, which then stops its children in order.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from './errors.ts'
import { type ReadyProbe, untilReady } from './net.ts'
import { forgetGroup, reapLater } from './reaper.ts'

/** A process to start. `env` is the complete environment of the child: nothing is inherited. */
export interface ProcessSpec {
  /** Name in messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly ready: ReadyProbe
  /** Aborts the start and kills the process. */
  readonly signal?: AbortSignal
  /** @default 120000 */
  readonly readyTimeoutMs?: number
  /** File that output is appended to, mode 0600. Its last lines are in the error when the process does not start. */
  readonly logFile: string
  /** User id to run as; requires root. */
  readonly uid?: number
  /** Group id to run as; requires root. */
  readonly gid?: number
  /** Signal for an orderly shutdown. @default 'SIGTERM' */
  readonly stopSignal?: NodeJS.Signals
}

/** A running child process. Its methods resolve after the process has ended, also when it had ended before. */
export interface RunningProcess {
  readonly pid: number
  /** Resolves with how it ended: `exit 0`, `SIGKILL`. */
  readonly exited: Promise<string>
  /** `stopSignal`, then SIGKILL to its whole group after `graceMs` (10 s by default). */
  stop(graceMs?: number): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
}

const alive = new Set<number>()

// Last resort: kill all children when this process exits by itself. Where it is killed, the reaper ends them.
process.on('exit', () => {
  for (const pid of alive) signalGroup(pid, 'SIGKILL')
})

/**
 * Starts a process and waits until it is ready.
 *
 * @throws {@link StartError} when it exits or is not ready in time, or the reason of `signal`. The process has been killed by then.
 */
export async function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const { child, pid } = spawnLogged(spec)
  const gone = new AbortController()
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      alive.delete(pid)
      forgetGroup(pid)
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
  reapLater(child.pid)
  return { child, pid: child.pid }
}

async function stopGroup(pid: number, exited: Promise<string>, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!alive.has(pid)) return
  signalLeader(pid, signal)
  const timer = new AbortController()
  const late = delay(graceMs, 'late', { signal: timer.signal }).catch(() => 'cancelled')
  const first = await Promise.race([exited, late])
  timer.abort()
  if (first === 'late') signalGroup(pid, 'SIGKILL')
  await exited
}

/** Signals the group leader only: a shell forwards the signal to its child itself, and would print a warning if the child ended first. */
function signalLeader(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // The process ended before the signal: nothing to do.
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  signalLeader(-pid, signal)
}

/** Last lines of a log (at most 20), indented. Empty when there is no log. */
function logTail(logFile: string): string {
  try {
    const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n')
    return lines.slice(-20).join('\n').replaceAll(/^/gm, '  ')
  } catch {
    return ''
  }
}
