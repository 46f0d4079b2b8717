/**
 * How a program ends that could not start or go on.
 *
 * @module
 */
import { ConfigError, configErrorText, EXIT_CONFIG } from './config.ts'

/** Exit status for anything but a bad configuration. */
const EXIT_FAILED = 1

/**
 * Says on standard error why a service ended: the problems of its configuration, or the error with its stack.
 *
 * @param write - @default standard error
 * @returns the exit status: 78 for a configuration that cannot be used, else 1.
 */
export function reportFailure(
  service: string,
  error: unknown,
  write: (text: string) => unknown = (text) => process.stderr.write(text),
): number {
  if (error instanceof ConfigError) {
    write(configErrorText(service, error))
    return EXIT_CONFIG
  }
  write(`${service}: could not go on\n${error instanceof Error ? error.stack : String(error)}\n`)
  return EXIT_FAILED
}
