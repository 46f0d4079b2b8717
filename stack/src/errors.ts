/**
 * Errors that stop the stack from starting. Messages are for the terminal and say what to do next.
 *
 * @module
 */

/** `EX_UNAVAILABLE` of sysexits.h: a tool is missing on this machine. */
const EXIT_UNAVAILABLE = 69

/** `EX_USAGE` of sysexits.h. */
export const EXIT_USAGE = 64

/** A server cannot be installed on this machine. `message` names the missing tool and the command that installs it. */
export class MissingToolError extends Error {
  override readonly name = 'MissingToolError'
  readonly exitCode = EXIT_UNAVAILABLE
}

/** A server did not start, or ended unexpectedly. `message` ends with the last lines of its log. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly exitCode = 1
}
