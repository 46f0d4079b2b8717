/**
 * Tests that a document names: `file` › `title`, or a file alone, where all of it is meant.
 *
 * @module
 */
import type { Tree } from './tree.ts'

const GUARD = /`([\w./-]+(?:\.test\.tsx?|-contract\.ts|\.yaml))`(?: › `([^`]+)`)?/gu

/** A test that a text names. */
export interface Guard {
  /** Offset into the text. */
  readonly index: number
  readonly file: string
  readonly title: string | undefined
  readonly isThere: boolean
}

export function guardsIn(tree: Tree, text: string): readonly Guard[] {
  return [...text.matchAll(GUARD)].map(({ index, 1: file = '', 2: title }) => ({
    index,
    file,
    title,
    isThere: tree.files.includes(file) && (title === undefined || isTitle(tree.read(file), title)),
  }))
}

/** A row of `test/cases` is `row 42`; any other title stands between quotes. */
function isTitle(text: string, title: string): boolean {
  const row = /^row (\w+)$/u.exec(title)?.[1]
  if (row) return text.includes(`row: '${row}'`)
  return ["'", '"', '`'].some((quote) => text.includes(quote + title + quote) || text.includes(`${quote}${title}, `))
}
