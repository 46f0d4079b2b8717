/**
 * `docs/security-mapping.md`: every requirement of the standards that it answers has one row with a status, what is met names a test, and the table of counts
 * is right. That the tests are there is checked with all citations.
 *
 * @module
 */
import { guardsIn } from './guards.ts'
import { lineAt, type Objection, type Tree } from './tree.ts'

const MAPPING = 'docs/security-mapping.md'
/** In the order of the columns of the table of counts. */
export const STATUSES = ['met', 'documented', 'partly', 'not met', 'operator', 'n/a'] as const
type Status = (typeof STATUSES)[number]

/** Requirements a section of OWASP ASVS 5.0.0, chapter by chapter: section 1.2 has ten. */
const ASVS: readonly (readonly number[])[] = [
  [2, 10, 12, 3, 3],
  [3, 3, 5, 2],
  [1, 3, 5, 8, 8, 1, 5],
  [5, 5, 2, 4],
  [1, 6, 3, 3],
  [3, 12, 8, 6, 8, 4, 2, 4],
  [3, 4, 2, 5, 3, 2],
  [4, 4, 3, 2],
  [3, 4],
  [2, 3, 5, 16, 5, 2, 3],
  [4, 5, 5, 4, 2, 2, 2],
  [5, 2, 5],
  [4, 6, 4, 7],
  [2, 8, 3],
  [5, 5, 7, 4],
  [1, 5, 4, 3, 4],
  [2, 8, 2],
]
/** Of OWASP AISVS 1.0, those about agents that are authorized by somebody else. */
const AISVS = [
  '5.2.5',
  '9.1.2',
  '9.1.3',
  '9.2.1',
  '9.2.2',
  '9.2.8',
  ...numbered('9.5', 6),
  ...numbered('10.2', 7),
  '12.4.2',
  '12.4.3',
]
/** Ids of the requirements that must have a row, by the heading of their standard. */
export const STANDARDS: Readonly<Record<string, readonly string[]>> = {
  'OWASP ASVS 5.0': ASVS.flatMap((sections, chapter) =>
    sections.flatMap((count, section) => numbered(`${chapter + 1}.${section + 1}`, count)),
  ),
  'OWASP AISVS 1.0': AISVS,
  'OWASP Top 10 (2025)': Array.from({ length: 10 }, (_, at) => `A${String(at + 1).padStart(2, '0')}`),
  'OWASP API Security Top 10 (2023)': Array.from({ length: 10 }, (_, at) => `API${at + 1}`),
}

/** A row of a standard: `| 1.2.4 | 1 | SQL parameters | met | … |`. The cell before the last is the status. */
const ROW = /^\| (?<id>(?:API|A)?\d+(?:\.\d+)*) \|(?<cells>.*)\|$/gmu
const SECTION = /^## (?<name>.+)\n[\s\S]*?(?=^## |(?![\s\S]))/gmu

interface Row {
  readonly id: string
  readonly start: number
  readonly status: string
  readonly evidence: string
}

function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}.${at + 1}`)
}

export function checkSecurityMapping(tree: Tree): readonly Objection[] {
  if (!tree.files.includes(MAPPING)) return []
  const text = tree.read(MAPPING)
  const sections = new Map(
    [...text.matchAll(SECTION)].map((section) => [
      section.groups?.['name'] ?? '',
      { start: section.index, text: section[0] },
    ]),
  )
  const object = (offset: number, wrong: string, mend: string): Objection => ({
    file: MAPPING,
    line: lineAt(text, offset),
    wrong,
    mend,
  })
  return Object.entries(STANDARDS).flatMap(([name, ids]) => {
    const section = sections.get(name)
    if (!section) return [object(0, `the section ${name} is missing`, 'add it')]
    const rows = rowsOf(section.text, section.start)
    return [
      ...completeness(rows, ids).map((wrong) =>
        object(section.start, `${name}: ${wrong}`, 'one row for each requirement'),
      ),
      ...rows.flatMap((row) =>
        rowObjections(tree, row).map(({ wrong, mend }) => object(row.start, `${row.id}: ${wrong}`, mend)),
      ),
      ...countObjections(text, name, rows).map((wrong) => object(0, wrong, 'count again')),
    ]
  })
}

function rowsOf(text: string, start: number): readonly Row[] {
  return [...text.matchAll(ROW)].map((row) => {
    const cells = (row.groups?.['cells'] ?? '').split(' | ').map((cell) => cell.trim())
    return {
      id: row.groups?.['id'] ?? '',
      start: start + row.index,
      status: cells.at(-2) ?? '',
      evidence: cells.at(-1) ?? '',
    }
  })
}

function completeness(rows: readonly Row[], ids: readonly string[]): readonly string[] {
  const found = Map.groupBy(rows, ({ id }) => id)
  return [
    ...ids.filter((id) => !found.has(id)).map((id) => `${id} has no row`),
    ...[...found].filter(([, same]) => same.length > 1).map(([id]) => `${id} has more than one row`),
    ...[...found.keys()].filter((id) => !ids.includes(id)).map((id) => `${id} is no requirement of it`),
  ]
}

function rowObjections(tree: Tree, { status, evidence }: Row): readonly Pick<Objection, 'wrong' | 'mend'>[] {
  if (!(STATUSES as readonly string[]).includes(status))
    return [{ wrong: `"${status}" is no status`, mend: `one of ${STATUSES.join(', ')}` }]
  if (status === 'met' && guardsIn(tree, evidence).length === 0)
    return [{ wrong: 'is met without a test', mend: 'name one: `file` › `title`' }]
  if (status === 'documented' && !/\]\([^)]+\)/u.test(evidence))
    return [{ wrong: 'is documented without a link', mend: 'link the document' }]
  return evidence === '' ? [{ wrong: 'says nothing', mend: 'say why, or what is missing' }] : []
}

/** The row of the standard in the table of counts: `| OWASP ASVS 5.0 | 345 | 140 | … |`, the total and then each status. */
function countObjections(text: string, name: string, rows: readonly Row[]): readonly string[] {
  const count = (status: Status): number => rows.filter((row) => row.status === status).length
  const right = `| ${[name, rows.length, ...STATUSES.map(count)].join(' | ')} |`
  return text.includes(`\n${right}\n`) ? [] : [`the table of counts has no row ${right}`]
}
