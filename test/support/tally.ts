/**
 * Counts of what passed, failed and was skipped, and how to read them from Vitest's JSON report. Pure.
 *
 * @module
 */
import { z } from 'zod'

/** Names, not numbers, where somebody will want to know which. */
export interface Tally {
  readonly passed: number
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
}

export const EMPTY_TALLY: Tally = { passed: 0, failed: [], skipped: [] }

const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

/**
 * @param text - What Vitest's `json` reporter wrote. Anything else counts as one failure of `project`.
 * @param ok - Whether Vitest exited 0. If not and no test failed, something around the tests did: one failure.
 */
export function readReport(project: string, text: string | undefined, ok: boolean): Tally {
  const parsed = text === undefined ? undefined : report.safeParse(JSON.parse(text)).data
  if (parsed === undefined) return { ...EMPTY_TALLY, failed: ok ? [] : [`${project}: did not run`] }
  const tests = parsed.testResults.flatMap((file) => file.assertionResults)
  const named = (...states: readonly string[]): string[] =>
    tests.filter(({ status }) => states.includes(status)).map(({ fullName }) => `${project}: ${fullName.trim()}`)
  const broken = parsed.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  )
  const failed = [...named('failed'), ...broken.map(({ name }) => `${project}: ${name}`)]
  if (!ok && failed.length === 0) failed.push(`${project}: failed outside its tests`)
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed,
    skipped: named('skipped', 'pending', 'todo', 'disabled'),
  }
}

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: [...a.failed, ...b.failed],
    skipped: [...a.skipped, ...b.skipped],
  }
}

/** `12 passed, 0 failed`, and `, 1 skipped` when one was. */
export function summary({ passed, failed, skipped }: Tally): string {
  const counts = `${passed} passed, ${failed.length} failed`
  return skipped.length > 0 ? `${counts}, ${skipped.length} skipped` : counts
}
