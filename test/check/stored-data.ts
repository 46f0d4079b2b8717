/**
 * `docs/privacy.md` names every table and column of the databases that programs of this repository make, and no other.
 *
 * @module
 */
import { lineAt, type Objection, type Tree } from './tree.ts'

const PRIVACY = 'docs/privacy.md'
/** Columns by table. A table of several databases (SQLite and PostgreSQL) has the columns of all. */
type Tables = ReadonlyMap<string, ReadonlySet<string>>

const SOURCE = /^(?<owner>examples\/[^/]+|[a-z]+)\/src\/.+\.ts$/u
const OF_TESTS = /\.(?:test|fixture|harness|model)\.ts$|^test\//u
const NAME = String.raw`(?:IF NOT EXISTS )?(?:\$\{\w+\}\.|[a-z_]+\.)?(?<table>\w+)`
const STATEMENT = new RegExp(
  String.raw`CREATE (?:UNLOGGED )?TABLE ${NAME} \(|ALTER TABLE (?<altered>\w+) (?:ADD COLUMN (?<added>\w+)|RENAME TO (?<renamed>\w+))`,
  'gu',
)
/** Begins what is no column. */
const CONSTRAINT = /^(?:PRIMARY|UNIQUE|CHECK|FOREIGN|CONSTRAINT)\b/u

/** A heading names whose tables follow: `### Witness (`auditor`)`. */
const SECTION = /^### .+ \(`(?<owner>[\w/-]+)`\)\n[\s\S]*?(?=^##|(?![\s\S]))/gmu
/** A row names a table and all of its columns: "| `roles` | `person` `role` | … |". */
const ROW = /^\| `(?<table>\w+)` \| (?<columns>(?:`\w+` ?)+)\|/gmu

export function checkStoredData(tree: Tree): readonly Objection[] {
  if (!tree.files.includes(PRIVACY)) return []
  const text = tree.read(PRIVACY)
  const object = (offset: number, wrong: string): Objection => ({
    file: PRIVACY,
    line: lineAt(text, offset),
    wrong,
    mend: 'say which columns, what it is, about whom, and how long it is kept',
  })
  const sections = new Map([...text.matchAll(SECTION)].map((section) => [section.groups?.['owner'] ?? '', section]))
  const made = tablesOf(tree)
  const unknown = [...sections.keys()].filter((owner) => !made.has(owner))
  return [
    ...[...made].flatMap(([owner, tables]) => {
      const section = sections.get(owner)
      if (!section) return [object(0, `there is no section "### … (\`${owner}\`)" for its tables`)]
      return differences(tables, rowsOf(section[0])).map((wrong) => object(section.index, `${owner}: ${wrong}`))
    }),
    ...unknown.map((owner) => object(sections.get(owner)?.index ?? 0, `${owner} makes no table`)),
  ]
}

function differences(tables: Tables, rows: Tables): readonly string[] {
  const wrong: string[] = []
  for (const [table, columns] of tables) {
    const row = rows.get(table)
    if (!row) wrong.push(`the table ${table} (${[...columns].join(', ')}) has no row`)
    for (const column of columns) if (row && !row.has(column)) wrong.push(`${table}.${column} is not named`)
    for (const column of row ?? []) if (!columns.has(column)) wrong.push(`${table}.${column} is in no schema`)
  }
  for (const table of rows.keys()) if (!tables.has(table)) wrong.push(`the table ${table} is in no schema`)
  return wrong
}

function rowsOf(section: string): Tables {
  return new Map(
    [...section.matchAll(ROW)].map(({ groups }) => [
      groups?.['table'] ?? '',
      new Set(groups?.['columns']?.match(/\w+/gu) ?? []),
    ]),
  )
}

/** Tables by the folder of the package whose programs make them, such as `examples/trips`. */
function tablesOf(tree: Tree): ReadonlyMap<string, Tables> {
  const found = new Map<string, Map<string, Set<string>>>()
  for (const file of tree.files) {
    const owner = SOURCE.exec(file)?.groups?.['owner']
    if (owner === undefined || OF_TESTS.test(file)) continue
    const tables = tablesIn(tree.read(file))
    if (tables.size === 0) continue
    const all = found.get(owner) ?? new Map<string, Set<string>>()
    for (const [table, columns] of tables) add(all, table, columns)
    found.set(owner, all)
  }
  return found
}

/** Tables of a source's SQL, after all of its migrations. */
function tablesIn(text: string): Tables {
  const tables = new Map<string, Set<string>>()
  for (const { index, 0: statement, groups = {} } of text.matchAll(STATEMENT)) {
    const { table, altered, added, renamed } = groups
    if (table) add(tables, table, columnsOf(text.slice(index + statement.length)))
    else if (altered && added) add(tables, altered, [added])
    else if (altered && renamed) add(tables, renamed, tables.get(altered) ?? [])
  }
  return tables
}

function add(tables: Map<string, Set<string>>, table: string, columns: Iterable<string>): void {
  tables.set(table, new Set([...(tables.get(table) ?? []), ...columns]))
}

/** @param text - What follows the opening parenthesis of a table. */
function columnsOf(text: string): readonly string[] {
  const parts = ['']
  let depth = 1
  for (const character of text) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth === 0) break
    if (character === ',' && depth === 1) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts
    .map((part) => part.trim())
    .flatMap((part) => (CONSTRAINT.test(part) ? [] : [...(/^\w+/u.exec(part) ?? [])]))
}
