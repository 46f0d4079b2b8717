/**
 * Starts one of Mandate's services with this Node, from its TypeScript source.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { StartError } from './errors.ts'
import { startProcess } from './process.ts'

/** The root of the clone. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Compile cache in the clone: loading TypeScript takes half of a service's start time (ADR 0011). */
const COMPILE_CACHE = `${ROOT}node_modules/.cache/compile`

/** Options of {@link spawnService}. */
export interface ServiceOptions {
  readonly name: string
  /** Script to run, relative to the root of the clone. */
  readonly entry: string
  /** Its environment. Only `PATH` is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** Readiness endpoint: responds with 2xx when the service is ready. */
  readonly readyUrl: string
  readonly logFile: string
  /** @default 30000 */
  readonly readyTimeoutMs?: number
  readonly signal?: AbortSignal
}

/** A running service. */
export interface Service {
  readonly name: string
  readonly logFile: string
  readonly pid: () => number
  /** Resolves when the current process has ended: `exit 0`, `SIGKILL`. */
  readonly ended: () => Promise<string>
  /** SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<void>
  /** Sends a signal; SIGKILL by default, to simulate a crash. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Stops it when it runs, and starts it with the same configuration on the same port. */
  restart(): Promise<void>
}

/** Starts a service. @throws {@link StartError} with the end of its log when it exits or is not ready in time. */
export async function spawnService(options: ServiceOptions): Promise<Service> {
  const { name, entry, env, readyUrl, logFile, readyTimeoutMs = 30_000, signal } = options
  if (!existsSync(`${ROOT}/${entry}`)) throw new StartError(`${name} cannot start: there is no ${entry}`)
  const start = (): ReturnType<typeof startProcess> =>
    startProcess({
      name,
      command: process.execPath,
      args: [entry],
      // Fewer arenas of malloc: each thread of Node would have one of its own (ADR 0106).
      env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: COMPILE_CACHE, MALLOC_ARENA_MAX: '2', ...env },
      cwd: ROOT,
      ready: readyUrl,
      readyTimeoutMs,
      logFile,
      ...(signal && { signal }),
    })
  let running = await start()
  return {
    name,
    logFile,
    pid: () => running.pid,
    ended: () => running.exited,
    stop: () => running.stop(),
    kill: (signalName) => running.kill(signalName),
    restart: async () => {
      await running.stop()
      running = await start()
    },
  }
}
