/**
 * Splits the texts of a pack into coloured parts, line by line: YAML by Lezer's parser, the OpenFGA model by a tokenizer of single lines. Colours are
 * decoration: a part that is not recognised has no kind, and nothing depends on one. Pure.
 *
 * @module
 */
import { highlightCode, tagHighlighter, tags } from '@lezer/highlight'
import { parser } from '@lezer/yaml'
import type { FileName } from '@mandate/playground/api'

/** What a part of a line is. Each has a colour in `editor.css`. */
export type PartKind = 'comment' | 'keyword' | 'name' | 'string' | 'value' | 'type' | 'mark'

/** A part of a line. */
export interface Part {
  readonly text: string
  readonly kind?: PartKind
}

/** Longest text that is coloured, in characters: a longer one would delay each key press. */
export const MAX_COLOURED = 60_000

/** Lines of a text with their parts, which joined are the text. */
export function highlightLines(file: FileName, text: string): readonly (readonly Part[])[] {
  if (text.length > MAX_COLOURED) return text.split('\n').map((line) => [{ text: line }])
  return file === 'model.fga' ? text.split('\n').map(modelParts) : yamlLines(text)
}

const YAML_KINDS = tagHighlighter([
  { tag: tags.comment, class: 'comment' },
  { tag: tags.definition(tags.propertyName), class: 'name' },
  { tag: tags.string, class: 'string' },
  { tag: [tags.keyword, tags.typeName, tags.labelName, tags.meta], class: 'keyword' },
  { tag: tags.punctuation, class: 'mark' },
])
/** A plain scalar that YAML reads as a number, a boolean or null. */
const PLAIN_VALUE = /^(?:[-+]?\d[\d_]*(?:\.\d+)?|true|false|null|~)$/u

function yamlLines(text: string): Part[][] {
  const lines: Part[][] = [[]]
  highlightCode(
    text,
    parser.parse(text),
    YAML_KINDS,
    (part, kind) => lines.at(-1)?.push(...(kind === '' ? plainParts(part) : [{ text: part, kind: kind as PartKind }])),
    () => lines.push([]),
  )
  return lines
}

/** Separates a scalar from the spaces around it. */
function plainParts(text: string): Part[] {
  const value = text.trim()
  if (!PLAIN_VALUE.test(value)) return [{ text }]
  const at = text.indexOf(value)
  const parts: Part[] = [
    { text: text.slice(0, at) },
    { text: value, kind: 'value' },
    { text: text.slice(at + value.length) },
  ]
  return parts.filter((part) => part.text !== '')
}

const KEYWORDS = new Set(
  'module model schema type extend relations define and or but not from with condition in'.split(' '),
)
const VALUES = new Set(['true', 'false', 'null'])
/** In the model `#` also separates a type from its relation: a comment begins at the line's start or after a space. */
const MODEL_TOKEN =
  /(?<comment>(?<=^|\s)#.*)|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<value>\b\d+(?:\.\d+)*\b)|(?<word>[A-Za-z_][\w-]*)/gu
/** What comes before the name that a line defines, which may be spelled like a keyword. */
const BEFORE_NAME = /^\s*(?:module|(?:extend\s+)?type|define|condition)\s+$/u
/** What comes before a type: `[user, team#member]`, `condition small(amount: double)`, `list<string>`. */
const BEFORE_TYPE = /\[(?:[^\]]*[\s,])?$|^\s*condition\b.*[:<]\s*$/u
/** The patterns above are tried at each word, so the time for a line grows faster than its length. */
const LONGEST_LINE = 500

/** Parts of one line of an OpenFGA model. The language has no token that spans lines. */
export function modelParts(line: string): Part[] {
  if (line.length > LONGEST_LINE) return [{ text: line }]
  const parts: Part[] = []
  let end = 0
  for (const { 0: text, index, groups = {} } of line.matchAll(MODEL_TOKEN)) {
    if (index > end) parts.push({ text: line.slice(end, index) })
    end = index + text.length
    const kind = groups['word'] === undefined ? kindOfToken(groups) : kindOfWord(text, line.slice(0, index))
    parts.push(kind ? { text, kind } : { text })
  }
  if (end < line.length) parts.push({ text: line.slice(end) })
  return parts
}

function kindOfToken({ comment, string }: Readonly<Record<string, string | undefined>>): PartKind {
  if (comment !== undefined) return 'comment'
  return string === undefined ? 'value' : 'string'
}

/** @param start - The line up to the word. */
function kindOfWord(word: string, start: string): PartKind | undefined {
  if (BEFORE_NAME.test(start)) return 'name'
  if (KEYWORDS.has(word)) return 'keyword'
  if (BEFORE_TYPE.test(start) && !/\bwith\s+$/u.test(start)) return 'type'
  return VALUES.has(word) ? 'value' : undefined
}
