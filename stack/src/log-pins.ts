/**
 * Verifier keys of several PDPs' logs in one file, as `AUDITOR_LOG_PINS_FILE` names it.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { writeAtomically } from './files.ts'
import { logPinsFile } from './settings.ts'

/** Writes the keys of PDPs that have started. Their key files exist from the first start on. */
export function writeLogPins(stateDir: string, pdps: readonly { readonly key: string }[]): void {
  const keys = pdps.map(({ key }) => readFileSync(key, 'utf8').trim())
  writeAtomically(logPinsFile(stateDir), `${keys.join('\n')}\n`)
}
