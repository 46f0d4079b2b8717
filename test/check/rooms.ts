/**
 * Every room has a row in ARCHITECTURE.md and an import rule in biome.json. A room is a workspace, a folder with a `tsconfig.json` of its own, or a
 * folder directly below a workspace's `src`.
 *
 * @module
 */
import { posix } from 'node:path'
import { lineAt, type Objection, type Tree } from './tree.ts'

const DOCUMENT = 'ARCHITECTURE.md'
const RULES = 'biome.json'
const SOURCE = /\.tsx?$/u
/** `*.fixture.ts` and `*.harness.ts` are used by tests alone. */
const TESTING = /\.(?:test|fixture|harness)\.tsx?$/u
/** A row that lets a room import everything needs no import rule. */
const EVERYTHING = 'everything'

interface Row {
  readonly rooms: readonly string[]
  readonly imports: string
  readonly line: number
}

export function checkRooms(tree: Tree): readonly Objection[] {
  const rooms = roomsOf(tree)
  const rows = rowsOf(tree)
  const ruled = ruledBy(tree)
  const unlisted = rooms.filter((room) => filesOf(tree, room, rooms).length > 0 && !rows.some((row) => isOf(row, room)))
  const unruled = rooms.flatMap((room) => {
    if (rows.find((row) => isOf(row, room))?.imports.includes(EVERYTHING)) return []
    const file = filesOf(tree, room, rooms).find((each) => !ruled(each))
    return file ? [{ room, file }] : []
  })
  const gone = rows.flatMap((row) =>
    row.rooms.filter((name) => !rooms.some((room) => isNamed(room, name))).map((name) => ({ name, line: row.line })),
  )
  return [
    ...unlisted.map((room) => object(DOCUMENT, 1, `the room ${room} has no row`, 'say what it may import')),
    ...gone.map(({ name, line }) => object(DOCUMENT, line, `there is no room ${name}`, 'name the room as it is now')),
    ...unruled.map(({ room, file }) =>
      object(RULES, 1, `no noRestrictedImports covers ${file} of the room ${room}`, 'add an override for the room'),
    ),
  ]
}

const object = (file: string, line: number, wrong: string, mend: string): Objection => ({ file, line, wrong, mend })

/** A workspace may be called by its `src`. */
const isNamed = (room: string, name: string): boolean =>
  posix.matchesGlob(room, name) || posix.matchesGlob(`${room}/src`, name)
const isOf = ({ rooms }: Row, room: string): boolean => rooms.some((name) => isNamed(room, name))

/** Folders, sorted. */
function roomsOf(tree: Tree): readonly string[] {
  const { workspaces = [] } = JSON.parse(tree.read('package.json')) as { readonly workspaces?: readonly string[] }
  const projects = tree.files.filter((file) => file.endsWith('/tsconfig.json')).map((file) => posix.dirname(file))
  const folders = tree.files
    .filter((file) => SOURCE.test(file))
    .flatMap((file) => {
      const workspace = workspaces.find((name) => file.startsWith(`${name}/src/`))
      const [folder, ...below] = workspace ? file.slice(workspace.length + 5).split('/') : []
      return workspace && below.length > 0 ? [`${workspace}/src/${folder}`] : []
    })
  return [...new Set([...workspaces, ...projects, ...folders])].sort()
}

/** What a room holds itself: not what a room inside of it holds, nor tests, nor files beside its sources such as a configuration of Vite. */
const filesOf = (tree: Tree, room: string, rooms: readonly string[]): readonly string[] =>
  tree.files.filter((file) => {
    const home = rooms.filter((each) => file.startsWith(`${each}/`)).sort((a, b) => b.length - a.length)[0]
    return home === room && SOURCE.test(file) && !TESTING.test(file) && /\/src\//u.test(file)
  })

/** The table's first column names rooms in backticks; a name without a folder is beside the one before it. */
function rowsOf(tree: Tree): readonly Row[] {
  const text = tree.read(DOCUMENT)
  return [...text.matchAll(/^\| (`[^|]+) \| ([^|]+) \|/gmu)].map(({ index, 1: names = '', 2: imports = '' }) => {
    const rooms: string[] = []
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/gu)) {
      const beside = rooms.at(-1)
      rooms.push(name.includes('/') || !beside?.includes('/') ? name : posix.join(posix.dirname(beside), name))
    }
    return { rooms, imports, line: lineAt(text, index + 1) }
  })
}

interface Override {
  readonly includes?: readonly string[]
  readonly linter?: { readonly rules?: { readonly style?: { readonly noRestrictedImports?: unknown } } }
}

/** Whether an override of Biome's `noRestrictedImports` covers a file, as Biome reads `includes`: the last pattern that fits decides. */
function ruledBy(tree: Tree): (file: string) => boolean {
  const { overrides = [] } = JSON.parse(tree.read(RULES)) as { readonly overrides?: readonly Override[] }
  const restricting = overrides.filter(({ linter }) => linter?.rules?.style?.noRestrictedImports !== undefined)
  return (file) => restricting.some(({ includes = [] }) => isIncluded(file, includes))
}

function isIncluded(file: string, includes: readonly string[]): boolean {
  const last = includes.findLast((pattern) => posix.matchesGlob(file, pattern.replace(/^!+/u, '')))
  return last !== undefined && !last.startsWith('!')
}
