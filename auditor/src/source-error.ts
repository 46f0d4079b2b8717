/**
 * Exit codes of the command line, and the error that carries one.
 *
 * @module
 */

/** Exit codes of `mandate-audit`. All but `failed` (a verification that failed) are those of sysexits.h. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  data: 65,
  notFound: 66,
  unreachable: 69,
  internal: 70,
  refused: 77,
} as const

/** A source (PDP, log directory or file) could not be read. `exit` is the exit code of the process, one of {@link EXIT}. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly exit: number

  constructor(exit: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exit = exit
  }
}
