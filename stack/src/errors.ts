/**
 * Errors that stop the stack from starting. Messages are for the terminal and say what to do next.
 *
 * @module
 */

/** `EX_UNAVAILABLE` of sysexits.h: a tool is missing on this machine. */
const EXIT_UNAVAILABLE = 69

/** `EX_USAGE` of sysexits.h. */
export const EXIT_USAGE = 64

/** A program is not installed, and cannot be fetched or built on this machine. `message` says how to install it. */
export class MissingToolError extends Error {
  override readonly name = 'MissingToolError'
  readonly exitCode = EXIT_UNAVAILABLE
  /** Name of the program, as in `Go`; `undefined` when several are missing. */
  readonly tool: string | undefined

  constructor(message: string, options: ErrorOptions & { readonly tool?: string } = {}) {
    super(message, options)
    this.tool = options.tool
  }
}

/** A server did not start, or ended unexpectedly. `message` ends with the last lines of its log. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly exitCode = 1
}
