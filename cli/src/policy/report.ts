/**
 * How the policy commands report on packs: problems, advice, counts.
 *
 * @module
 */
import { type Checked, checkPacks, PlacesError } from '@mandate/cases'
import { usageError } from '../exit.ts'

/** Reads and checks packs. @throws CommandError (exit 64) for folders that cannot be named together. */
export async function check(dirs: readonly string[]): Promise<Checked> {
  try {
    return await checkPacks(dirs)
  } catch (error) {
    if (error instanceof PlacesError) throw usageError(error.message)
    throw error
  }
}

/** `1 case`, `2 cases`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Lines about packs with mistakes. */
export function mistakes({ problems, advice }: Checked): readonly string[] {
  return [...problems, ...adviceLines(advice), `FAILED: ${counted(problems.length, 'mistake')}`]
}

/** Lines of advice; none of them is a mistake. */
export function adviceLines({ warnings, notes }: Checked['advice']): readonly string[] {
  return [...warnings.map((line) => `WARNING ${line}`), ...notes.map((line) => `NOTE ${line}`)]
}
