/**
 * Plain text tables with aligned columns, and wrapped lines. Pure.
 *
 * @module
 */

/** Lines of a table, with a rule under the header. A row may have fewer cells than the header. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)]
}

/** Columns of what the demo prints. */
const COLUMNS = 100

/** A text in lines of at most {@link COLUMNS}, broken at spaces; a longer word has a line of its own. @param indent - Before all lines but the first. */
export function wrapped(text: string, indent: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=\S) /u)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= COLUMNS || line === '') line = longer
    else {
      lines.push(line)
      line = `${indent}${word}`
    }
  }
  return [...lines, line]
}
