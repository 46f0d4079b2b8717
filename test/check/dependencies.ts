/**
 * Every runtime dependency is named by an ADR, and every package of the lockfile has an allowed licence: a permissive one at run time, also weak copyleft
 * for packages that only build and test.
 *
 * @module
 */
import { posix } from 'node:path'
import parseLicence, { type Info } from 'spdx-expression-parse'
import { lineAt, type Objection, type Tree } from './tree.ts'

const LOCKFILE = 'package-lock.json'

/** Licences of what runs, as SPDX ids. `OFL-1.1` is for fonts, which may be shipped with a program and not sold alone. */
const AT_RUN_TIME = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'OFL-1.1']

/** Further licences of what builds and tests: nothing of it is shipped. */
const IN_DEVELOPMENT = ['CC-BY-3.0', 'CC-BY-4.0', 'CC0-1.0', 'MPL-2.0', 'Python-2.0', 'WTFPL']

/** Packages whose manifest has no `license`, and what their LICENSE file says. Looked at by hand. */
const READ_BY_HAND: Readonly<Record<string, string>> = { busboy: 'MIT', streamsearch: 'MIT' }

export function checkDependencies(tree: Tree): readonly Objection[] {
  return [...unexplained(tree), ...(tree.files.includes(LOCKFILE) ? forbiddenLicences(tree) : [])]
}

/** Packages of npm that a workspace needs at run time and no ADR names in backticks: whole, or its beginning with `*` or `…` behind it. */
function unexplained(tree: Tree): readonly Objection[] {
  const named = tree.files
    .filter((file) => file.startsWith('docs/adr/'))
    .flatMap((file) =>
      [...tree.read(file).matchAll(/`(@?[\w./-]+[*…]?)`/gu)].map(([, name = '']) => name.replace('…', '*')),
    )
  const manifests = tree.files.filter((file) => posix.basename(file) === 'package.json')
  return manifests.flatMap((file) => {
    const text = tree.read(file)
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(text) as Readonly<
      Record<'dependencies' | 'optionalDependencies', Readonly<Record<string, string>> | undefined>
    >
    return Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !(name.startsWith('@mandate/') || named.some((pattern) => posix.matchesGlob(name, pattern))))
      .map((name) => ({
        file,
        line: lineAt(text, text.indexOf(`"${name}":`)),
        wrong: `no ADR names the runtime dependency ${name}`,
        mend: 'say in docs/adr why it is needed, who keeps it, what else was looked at',
      }))
  })
}

interface LockedPackage {
  readonly link?: boolean
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly license?: string
  readonly integrity?: string
}

function forbiddenLicences(tree: Tree): readonly Objection[] {
  const text = tree.read(LOCKFILE)
  const { packages = {} } = JSON.parse(text) as { readonly packages?: Readonly<Record<string, LockedPackage>> }
  return Object.entries(packages).flatMap(([path, { integrity, dev, devOptional, license }]) => {
    const name = path.replace(/^.*node_modules\//u, '')
    // Workspaces and stubs of this repository have no integrity.
    if (integrity === undefined) return []
    const isForDevelopment = dev === true || devOptional === true
    const licence = license ?? READ_BY_HAND[name]
    if (isAllowed(licence, isForDevelopment ? [...AT_RUN_TIME, ...IN_DEVELOPMENT] : AT_RUN_TIME)) return []
    const wrong = `${name} has the licence ${licence ?? 'of no name'}${isForDevelopment ? '' : ' and is needed at run time'}`
    const mend = 'use another package, or allow the licence in test/check/dependencies.ts with its reason'
    return [{ file: LOCKFILE, line: lineAt(text, text.indexOf(`"${path}": {`)), wrong, mend }]
  })
}

/** @param licence - An SPDX expression. Of alternatives one is enough, of several together each is needed. */
export function isAllowed(licence: string | undefined, allowed: readonly string[]): boolean {
  const holds = (part: Info): boolean => {
    if ('license' in part) return part.exception === undefined && allowed.includes(part.license)
    return part.conjunction === 'or' ? holds(part.left) || holds(part.right) : holds(part.left) && holds(part.right)
  }
  try {
    return licence !== undefined && holds(parseLicence(licence))
  } catch {
    // No SPDX expression: `SEE LICENSE IN …`.
    return false
  }
}
