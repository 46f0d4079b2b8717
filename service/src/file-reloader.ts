/**
 * Takes secrets and certificates from their files again while the process runs: when it is told to (SIGHUP), and when a file has changed. A configuration
 * that cannot be used changes nothing.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { ConfigError, type Environment } from './config.ts'

/** What a running service takes from its files again. */
export interface Reload<Config> {
  /** Variables that name a file whose content may change while the process runs, such as `TRIPS_TLS_CERT_FILE`. */
  readonly files: readonly string[]
  /** Variables that name a file whose content is read at the start only. @default [] */
  readonly filesAtStart?: readonly string[]
  /**
   * Checks all that has changed, for instance by a connection with a new password.
   *
   * @returns Puts it into force. Must not throw.
   * @throws ConfigError, or another error without a secret in its message, when it cannot be used.
   */
  readonly prepare: (next: Config) => (() => void) | Promise<() => void>
}

/** `refused`: what is in force stays, and the files are tried again. */
export type ReloadOutcome = 'applied' | 'refused' | 'unchanged'

/** What a {@link FileReloader} reads, and where it reports. */
export interface FileReloaderOptions<Config> {
  readonly environment: Environment
  /** Reads the whole configuration, files included. @throws ConfigError */
  readonly readConfig: (environment: Environment) => Config
  readonly reload: Reload<Config>
  readonly logger: ReloadLogger
  /** Called after each attempt in which a file had changed. @default nothing */
  readonly onOutcome?: (outcome: Exclude<ReloadOutcome, 'unchanged'>) => void
  /** How often files are looked at, in milliseconds. A change is used when two looks have found the same. @default 5000 */
  readonly everyMs?: number
}

interface ReloadLogger {
  readonly info: (fields: object, message: string) => void
  readonly warn?: (fields: object, message: string) => void
  readonly error: (fields: object, message: string) => void
}

/** Digests of files by their variable; `undefined` for a file that cannot be read. */
type Look = Readonly<Record<string, string | undefined>>

const LOOK_EVERY_MS = 5_000

/** Keeps the files of one process in force. Polls, since a bind mount or a Kubernetes volume replaces files in ways that no file event covers. */
export class FileReloader<Config> {
  readonly #options: FileReloaderOptions<Config>
  readonly #timer: NodeJS.Timeout
  /** The files whose content is in force. */
  #inForce: Look
  #lastLook: Look
  #reported = ''
  #running: Promise<unknown> = Promise.resolve()

  /** Begins to look. The process may end meanwhile. */
  constructor(options: FileReloaderOptions<Config>) {
    this.#options = options
    this.#inForce = this.#look()
    this.#lastLook = this.#inForce
    this.#timer = setInterval(() => this.#lookAgain(), options.everyMs ?? LOOK_EVERY_MS).unref()
  }

  /** Reads the files now. Attempts run one after another. Never rejects. */
  now(): Promise<ReloadOutcome> {
    const outcome = this.#running.then(() => this.#reload())
    this.#running = outcome
    return outcome
  }

  /** Reads the files now, as SIGHUP asks for, and logs the outcome also when nothing has changed. Never rejects. */
  async hangUp(): Promise<void> {
    this.#options.logger.info({ outcome: await this.now() }, 'secrets and certificates were looked for in their files')
  }

  /** Stops looking. Resolves when an attempt under way has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  #lookAgain(): void {
    const found = this.#look()
    const isSettled = isDeepStrictEqual(found, this.#lastLook)
    this.#lastLook = found
    if (isSettled && changed(found, this.#inForce).length > 0) void this.now()
  }

  #look(): Look {
    const { environment, reload } = this.#options
    const names = [...reload.files, ...(reload.filesAtStart ?? [])].filter((name) => environment[name])
    return Object.fromEntries(names.map((name) => [name, digestOf(environment[name] ?? '')]))
  }

  async #reload(): Promise<ReloadOutcome> {
    const { environment, readConfig, reload, logger, onOutcome } = this.#options
    const found = this.#look()
    const files = changed(found, this.#inForce)
    if (files.length === 0) return 'unchanged'
    try {
      const next = readConfig(environment)
      if (!isDeepStrictEqual(this.#look(), found)) throw new ConfigError(['the files changed while they were read'])
      const apply = await reload.prepare(next)
      apply()
    } catch (error) {
      this.#report(files, error)
      onOutcome?.('refused')
      return 'refused'
    }
    this.#inForce = found
    this.#reported = ''
    const atStart = files.filter((name) => reload.filesAtStart?.includes(name))
    const taken = files.filter((name) => !atStart.includes(name))
    if (taken.length > 0) logger.info({ files: taken }, 'secrets and certificates were taken from their files again')
    if (atStart.length > 0)
      (logger.warn ?? logger.info)({ files: atStart }, 'changed files take effect at the next start')
    onOutcome?.('applied')
    return 'applied'
  }

  /** Reports the same problem once, although the files are tried again at each look. */
  #report(files: readonly string[], error: unknown): void {
    const problems = error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : '']
    const report = JSON.stringify([files, problems])
    if (report === this.#reported) return
    this.#reported = report
    this.#options.logger.error({ files, problems }, 'changed secrets or certificates are refused, those in force stay')
  }
}

function digestOf(path: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('base64url')
  } catch {
    return undefined
  }
}

const changed = (found: Look, before: Look): readonly string[] =>
  Object.keys(found).filter((name) => found[name] !== before[name])
