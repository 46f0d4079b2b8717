/**
 * The texts of a file that are written for people: comments, titles of tests, and the paragraphs of a Markdown document.
 *
 * @module
 */
import { parseSync } from 'oxc-parser'

/** A piece of prose and where it begins. */
export interface Prose {
  /** Offset into the file. */
  readonly start: number
  readonly text: string
}

const CODE = /\.(?:ts|tsx|mts|mjs)$/u
const HASHED = /(?:\.(?:ya?ml|sh|env|example|fga|toml|conf)|(?:^|\/)(?:Dockerfile|Caddyfile|\.env[\w.]*))$/u
/** Titles of tests begin with the rule that they guard: `'A3: …'`. */
const TITLE = /['"`](?:[A-GLR]\d{1,2}(?:, )?)+: [^'"`\n]*/gu

/** @returns nothing for a file of a kind that holds no prose. */
export function proseOf(file: string, text: string): readonly Prose[] {
  if (file.endsWith('.md')) return markdownOf(text)
  if (CODE.test(file)) return [...commentsOf(file, text), ...(file.includes('.test.') ? matchesOf(text, TITLE) : [])]
  if (file.endsWith('.css')) return matchesOf(text, /\/\*[\s\S]*?\*\//gu)
  return HASHED.test(file) ? matchesOf(text, /(?:^|\s)#.*$/gmu) : []
}

const matchesOf = (text: string, pattern: RegExp): readonly Prose[] =>
  [...text.matchAll(pattern)].map((match) => ({ start: match.index, text: match[0] }))

const commentsOf = (file: string, text: string): readonly Prose[] =>
  parseSync(file, text).comments.map(({ start, end }) => ({ start, text: text.slice(start, end) }))

/** Blocks of code are left out: they are for programs. */
function markdownOf(text: string): readonly Prose[] {
  const blanked = text.replaceAll(/^( *)(```+|~~~+)[\s\S]*?^\1\2/gmu, (block) => block.replaceAll(/[^\n]/gu, ' '))
  return [{ start: 0, text: blanked }]
}
