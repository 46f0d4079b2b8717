/**
 * Default logger of faults: one JSON line each on standard error, in pino's format.
 *
 * @module
 */
import process from 'node:process'
import type { PepLogger } from './refusal.ts'

const LEVELS = { warn: 40, error: 50 } as const

const writeLine =
  (level: keyof typeof LEVELS): PepLogger['warn'] =>
  (fields, message) => {
    const line = { level: LEVELS[level], time: Date.now(), name: 'pep', ...fields, msg: message }
    process.stderr.write(`${JSON.stringify(line)}\n`)
  }

export const stderrLogger: PepLogger = { warn: writeLine('warn'), error: writeLine('error') }
