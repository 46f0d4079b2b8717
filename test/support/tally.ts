/**
 * Counts of passed, failed and skipped tests, and the parser of the file that `tally-reporter.ts` writes. Pure.
 *
 * @module
 */
import { z } from 'zod'

/** Result counts: `failed` and `skipped` list the names of the tests. */
export interface Tally {
  readonly passed: number
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
}

export const EMPTY_TALLY: Tally = { passed: 0, failed: [], skipped: [] }

const report = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['passed', 'failed', 'skipped', 'pending']),
      /** Reason of a skipped test: `ctx.skip('reason')`. */
      note: z.string().exactOptional(),
    }),
  ),
  /** Files that failed without a failed test, and errors outside of tests. */
  broken: z.array(z.string()),
  /** Number of failures that were reported as skipped, because a program is missing. Vitest's exit code counts them. */
  excused: z.int().default(0),
})
export type Report = z.input<typeof report>

/**
 * Parses a report.
 *
 * @param text - The reporter's file; when missing or invalid, counts as one failure of `project`.
 * @param ok - Whether Vitest exited with 0. If not and no test failed, counts as one failure.
 */
export function readReport(project: string, text: string | undefined, ok: boolean): Tally {
  const parsed = text === undefined ? undefined : report.safeParse(JSON.parse(text)).data
  if (parsed === undefined) return { ...EMPTY_TALLY, failed: ok ? [] : [`${project}: did not run`] }
  const named = (...states: readonly string[]): string[] =>
    parsed.tests.filter(({ state }) => states.includes(state)).map(({ name, note }) => described(project, name, note))
  const failed = [...named('failed'), ...parsed.broken.map((file) => `${project}: ${file}`)]
  if (!ok && failed.length === 0 && parsed.excused === 0) failed.push(`${project}: failed outside its tests`)
  return { passed: named('passed').length, failed, skipped: named('skipped', 'pending') }
}

const described = (project: string, name: string, note: string | undefined): string =>
  `${project}: ${name}${note === undefined ? '' : ` (${note})`}`

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: [...a.failed, ...b.failed],
    skipped: [...a.skipped, ...b.skipped],
  }
}

/** Formats `12 passed, 0 failed`, with `, 1 skipped` when tests were skipped. */
export function summary({ passed, failed, skipped }: Tally): string {
  const counts = `${passed} passed, ${failed.length} failed`
  return skipped.length > 0 ? `${counts}, ${skipped.length} skipped` : counts
}
