/**
 * The error for a wrong command line (exit 64).
 *
 * @module
 */

/** A wrong command line. The message is printed above the commands' synopsis. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
