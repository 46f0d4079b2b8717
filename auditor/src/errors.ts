/**
 * Errors of the commands on a log, and their exit codes. Light: nothing else is imported with them.
 *
 * @module
 */
export { EXIT, SourceError } from './source-error.ts'
export { UsageError } from './usage-error.ts'
