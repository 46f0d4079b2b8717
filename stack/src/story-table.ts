/**
 * The table of the story's decisions.
 *
 * @module
 */
import type { StoryRow } from './story-wire.ts'
import { table } from './table.ts'

/** Shortens a person's id to eight characters, which is unique among three people. */
const short = (party: string): string => {
  const id = party.slice(party.indexOf(':') + 1)
  return party.startsWith('user:') ? id.slice(0, 8) : id
}

/**
 * Prints decisions, each with its reasons and its chain on lines below: within 100 columns.
 *
 * @param figures - Numbers of a reason, by evaluation id.
 */
export function printDecisions(
  out: (text: string) => void,
  rows: readonly StoryRow[],
  figures: ReadonlyMap<string, string>,
): void {
  const cells = rows.map(({ who, item, decision, evaluationId }) => [
    decision ? 'permit' : 'DENY',
    who,
    item,
    evaluationId,
  ])
  const [head = '', rule = '', ...lines] = table(['decision', 'who', 'item', 'evaluation id'], cells)
  for (const line of ['', head, rule]) out(line)
  for (const [index, line] of lines.entries()) {
    const { reasons = [], chain = [], evaluationId = '' } = rows[index] ?? {}
    const figure = figures.get(evaluationId)
    out(line)
    out(`${BELOW}${reasons.join(', ')}${figure === undefined ? '' : `: ${figure}`}`)
    if (chain.length > 0) out(`${BELOW}${chain.map(short).join(' → ')}`)
  }
  out('')
}

/** Lines up with the second column of the table. */
const BELOW = ' '.repeat(12)
