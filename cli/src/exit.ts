/**
 * Exit codes, and the error that carries one.
 *
 * @module
 */

/** Exit codes of `mandate`. All but `failed` are those of sysexits.h. */
export const EXIT = {
  ok: 0,
  /** A check failed: `ask` was denied, a verification or a policy check failed. */
  failed: 1,
  /** `policy diff`: nothing turns, and some entries could not be judged. */
  incomplete: 2,
  usage: 64,
  data: 65,
  notFound: 66,
  unreachable: 69,
  internal: 70,
  refused: 77,
} as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What is known of an error besides its exit code; see RFC 9457 for `title`, `detail` and `code`. */
export interface CommandErrorOptions extends ErrorOptions {
  /** What happened in this case. */
  readonly detail?: string | undefined
  /** A stable name for scripts. */
  readonly code?: string | undefined
  /** What the person can do: one imperative sentence. */
  readonly mend?: string | undefined
  /** Further members of the PDP's problem details, for `--json`. */
  readonly members?: Readonly<Record<string, unknown>> | undefined
}

/** Ends a command. `message` is the title: one short sentence. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exit: ExitCode
  readonly detail: string | undefined
  readonly code: string | undefined
  readonly mend: string | undefined
  readonly members: Readonly<Record<string, unknown>>

  constructor(exit: ExitCode, title: string, options: CommandErrorOptions = {}) {
    super(title, options)
    this.exit = exit
    this.detail = options.detail
    this.code = options.code
    this.mend = options.mend
    this.members = options.members ?? {}
  }
}

/** A wrong command line: exit 64, printed as one line. */
export function usageError(message: string): CommandError {
  return new CommandError(EXIT.usage, message, { code: 'usage' })
}
