/**
 * What can stop the stack from coming up. Messages are for the person at the terminal: they say what to do next.
 *
 * @module
 */

/** `EX_UNAVAILABLE` of sysexits.h: something this machine lacks. */
const EXIT_UNAVAILABLE = 69

/** `EX_USAGE` of sysexits.h. */
export const EXIT_USAGE = 64

/** A server could be had in no way on this machine. `message` names what is missing and the command that mends it. */
export class MissingToolError extends Error {
  override readonly name = 'MissingToolError'
  readonly exitCode = EXIT_UNAVAILABLE
}

/** A server was found but did not come up, or died. `message` ends with the tail of its log. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly exitCode = 1
}
