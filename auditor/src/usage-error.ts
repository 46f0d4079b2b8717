/**
 * What is thrown at a wrong command line.
 *
 * @module
 */

/** A command line that cannot be meant. The message is for whoever typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
