/**
 * One of our own services, run by this Node straight from its TypeScript.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { StartError } from './errors.ts'
import { startProcess } from './process.ts'

/** The root of the clone. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Half of a service's start is reading its TypeScript (ADR 0011). Goes with the clone. */
const COMPILE_CACHE = `${ROOT}node_modules/.cache/compile`

export interface ServiceOptions {
  readonly name: string
  /** The file to run, relative to the root of the clone. */
  readonly entry: string
  /** Its configuration. Besides this it sees `PATH` and nothing else of our environment. */
  readonly env: Readonly<Record<string, string>>
  /** Answers 2xx when it can work. */
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
  /** Resolves when the process that runs now has ended, with how: `exit 0`, `SIGKILL`. */
  readonly ended: () => Promise<string>
  /** SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<void>
  /** SIGKILL by default: the crash a test wants. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Up again with the same configuration, so on the same port. Stops it first when it is up. */
  restart(): Promise<void>
}

/** @throws {@link StartError} with the end of its log when it dies early or is not ready in time. */
export async function spawnService(options: ServiceOptions): Promise<Service> {
  const { name, entry, env, readyUrl, logFile, readyTimeoutMs = 30_000, signal } = options
  if (!existsSync(`${ROOT}/${entry}`)) throw new StartError(`${name} cannot start: there is no ${entry}`)
  const start = (): ReturnType<typeof startProcess> =>
    startProcess({
      name,
      command: process.execPath,
      args: [entry],
      env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
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
