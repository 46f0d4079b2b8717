/**
 * Colours of the editor: the parts of each line joined are the line, whatever a person types, and known words have their kind.
 */
import { FILES } from '@mandate/playground/api'
import { expect, test } from 'vitest'
import { highlightLines, MAX_COLOURED, modelParts } from './highlight.ts'

const shown = (parts: ReturnType<typeof modelParts>): string =>
  parts.map(({ text, kind }) => (kind ? `<${kind} ${text}>` : text)).join('')
/** Without the marks, which would hide the rest. */
const yaml = (text: string): string[] =>
  highlightLines('manifest.yaml', text).map((parts) =>
    shown(parts.map((part) => (part.kind === 'mark' ? { text: part.text } : part))),
  )

test.for([
  ['module lab', '<keyword module> <name lab>'],
  ['extend type persona', '<keyword extend> <keyword type> <name persona>'],
  ['    define type: [user]', '    <keyword define> <name type>: [<type user>]'],
  [
    '    define seen: [user with fresh, team#member] or owner from parent # why',
    '    <keyword define> <name seen>: [<type user> <keyword with> fresh, <type team>#member] <keyword or> owner <keyword from> parent <comment # why>',
  ],
  ['    define read: x but not y', '    <keyword define> <name read>: x <keyword but> <keyword not> y'],
  [
    'condition small(amount: double, tags: list<string>) {',
    '<keyword condition> <name small>(amount: <type double>, tags: <type list><<type string>>) {',
  ],
  ["  amount <= 10.5 && kind == 'a#b' || true", "  amount <= <value 10.5> && kind == <string 'a#b'> || <value true>"],
  ['# a comment', '<comment # a comment>'],
] as const)('a model: %s', ([line, coloured]) => {
  expect(shown(modelParts(line))).toBe(coloured)
})

test('YAML: keys, quoted strings, numbers, comments', () => {
  expect(yaml('gates: # which\n  - limit: 10\n    text: "a: b"\n    on: true')).toEqual([
    '<name gates>: <comment # which>',
    '  - <name limit>: <value 10>',
    '    <name text>: <string "a: b">',
    '    <name on>: <value true>',
  ])
})

test.for([
  'a: [1, {',
  'a: |\n  block\n  # text\nb: &x *y',
  '\t"\n\n\'',
  '',
  '\n',
  'é: 😀 # ß',
  '- - -\n? x\n: "',
  'define define: [',
  'x\r\ny',
])('no text is lost or moved to another line: %j', (text) => {
  for (const file of FILES)
    expect(highlightLines(file, text).map((parts) => parts.map((part) => part.text).join(''))).toEqual(text.split('\n'))
})

test('a text or a line that is too long has no colours', () => {
  const long = `a: ${'1'.repeat(MAX_COLOURED)}\n# b`
  expect(highlightLines('cases.yaml', long)[1]).toEqual([{ text: '# b' }])
  const line = `define a: ${'['.repeat(600)}`
  expect(modelParts(line)).toEqual([{ text: line }])
})
