/**
 * The name that was probably meant, for messages about a name that does not exist.
 *
 * @module
 */

/** Edits that still count as a typing error: one, and one more for each so many characters. */
const CHARACTERS_PER_EDIT = 6

/** @returns the nearest of `known` by edit distance; `undefined` when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const most = 1 + Math.floor(name.length / CHARACTERS_PER_EDIT)
  let nearest: { readonly name: string; readonly distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(name, candidate)
    if (distance <= most && distance < (nearest?.distance ?? Number.POSITIVE_INFINITY))
      nearest = { name: candidate, distance }
  }
  return nearest?.name
}

/** A sentence for a name that does not exist: the nearest known one, or all of them. */
export function nameAdvice(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? `Known: ${known.join(', ') || 'none'}.` : `Did you mean ${nearest}?`
}

/** Why a value is none of the known ones, with a suggestion; `undefined` when it is one. */
export function choiceObjection(value: string, values: readonly string[]): string | undefined {
  if (values.includes(value)) return undefined
  const nearest = nearestName(value, values)
  return nearest === undefined ? `It must be one of ${values.join(', ')}.` : `Did you mean ${nearest}?`
}

/** Optimal string alignment distance: insertions, deletions, substitutions, and swaps of neighbours. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}
