/**
 * What one part of `npm run supply-chain` found.
 *
 * @module
 */
import { styleText } from 'node:util'

/** `not run` is no success: the part could not be done here. */
export interface Outcome {
  readonly name: string
  readonly state: 'passed' | 'failed' | 'not run'
  /** Findings, files written, or why it did not run: a line each. */
  readonly lines: readonly string[]
}

/** Exit codes, as sysexits.h has them where it has one. */
export const EXIT = { passed: 0, failed: 1, usage: 64, notRun: 69 } as const

/** A failure counts more than a part that did not run: 1, then 69, then 0. */
export function exitCodeOf(outcomes: readonly Outcome[]): number {
  if (outcomes.some(({ state }) => state === 'failed')) return EXIT.failed
  return outcomes.some(({ state }) => state === 'not run') ? EXIT.notRun : EXIT.passed
}

const COLOURS = { passed: 'green', failed: 'red', 'not run': 'red' } as const

/** @param isColoured - Whether the output shows colours. */
export function report({ name, state, lines }: Outcome, isColoured: boolean): string {
  const word = state.toUpperCase()
  const shown = isColoured ? styleText(COLOURS[state], word, { validateStream: false }) : word
  return [`${shown} ${name}`, ...lines.map((line) => `  ${line}`)].map((line) => `${line}\n`).join('')
}
