/**
 * Everything that is fetched is named by exact version: npm packages, the lockfile's entries (with their integrity), container images, Python
 * packages, Go modules. Peer dependencies are ranges: they say what a library runs with, and fetch nothing.
 *
 * @module
 */
import { imagesOf } from './images.ts'
import { lineAt, type Objection, type Tree } from './tree.ts'

const LOCKFILE = 'package-lock.json'
const EXACT_VERSION = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/u
const LOCAL = /^file:\.\//u
const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/u
const EXACT_REQUIREMENT = /^[\w.-]+(?:\[[\w,]+\])?==[\w.!+]+(?:\s*;.*)?$/u
const SOURCE = /\.(?:ts|mts|mjs|sh)$|^\.ci\//u

/** Sections of a manifest that make npm fetch something. */
const FETCHED = ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides'] as const

export function checkPins(tree: Tree): readonly Objection[] {
  return [
    ...tree.files.filter((file) => /(?:^|\/)package\.json$/u.test(file)).flatMap((file) => rangesOf(tree, file)),
    ...(tree.files.includes(LOCKFILE) ? lockfileObjections(tree) : []),
    ...looseRequirements(tree),
    ...floatingModules(tree),
    ...imagesOf(tree)
      .filter(({ isExact }) => !isExact)
      .map(({ file, line, name }) => ({
        file,
        line,
        wrong: `the image ${name} has no exact version`,
        mend: 'name a version of at least two numbers, not latest',
      })),
  ]
}

function rangesOf(tree: Tree, file: string): readonly Objection[] {
  const text = tree.read(file)
  const manifest = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>
  return FETCHED.flatMap((section) =>
    Object.entries(manifest[section] ?? {}).flatMap(([name, version]) => {
      if (typeof version === 'string' && (EXACT_VERSION.test(version) || LOCAL.test(version))) return []
      const wrong = `${section} has ${name} at ${JSON.stringify(version)}, which is no exact version`
      return [{ file, line: lineAt(text, text.indexOf(`"${name}":`)), wrong, mend: 'npm install --save-exact' }]
    }),
  )
}

interface LockedPackage {
  readonly link?: boolean
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
}

/**
 * An entry is a workspace, a link to one, or a package with the hash of its archive. It names no address: npm asks the registry that it is configured for
 * (`omit-lockfile-registry-resolved`), so a changed lockfile cannot send it elsewhere.
 */
function lockfileObjections(tree: Tree): readonly Objection[] {
  const text = tree.read(LOCKFILE)
  const { lockfileVersion, packages = {} } = JSON.parse(text) as {
    readonly lockfileVersion?: number
    readonly packages?: Readonly<Record<string, LockedPackage>>
  }
  const object = (path: string, wrong: string): Objection => ({
    file: LOCKFILE,
    line: lineAt(text, text.indexOf(`"${path}": {`)),
    wrong: `${path} ${wrong}`,
    mend: 'make the lockfile with npm and this .npmrc',
  })
  const ofPackages = Object.entries(packages).flatMap(([path, { link, resolved, integrity }]) => {
    if (!path.includes('node_modules/') || link || isReplaced(tree, path)) return []
    if (resolved !== undefined) return [object(path, `is fetched from ${resolved}, not from the registry`)]
    return INTEGRITY.test(integrity ?? '') ? [] : [object(path, 'has no SHA-512 of its archive')]
  })
  const { allowScripts = {} } = JSON.parse(tree.read('package.json')) as {
    readonly allowScripts?: Readonly<Record<string, boolean>>
  }
  const undecided = Object.entries(packages).flatMap(([path, { hasInstallScript }]) => {
    if (hasInstallScript !== true || path.replace(/^.*node_modules\//u, '') in allowScripts) return []
    const mend = 'read the script, then allow or refuse it in allowScripts of package.json'
    return [{ ...object(path, 'runs a script when it is installed, and allowScripts does not list it'), mend }]
  })
  return [...(lockfileVersion === 3 ? [] : [object('', 'is not of version 3')]), ...ofPackages, ...undecided]
}

/** npm locks a package that an override replaces by a folder of this repository at that folder's path below the package that asks for it. */
const isReplaced = (tree: Tree, path: string): boolean =>
  tree.files.includes(`${path.replace(/^.*node_modules\/(?:@[^/]+\/)?[^/]+\//u, '')}/package.json`)

function looseRequirements(tree: Tree): readonly Objection[] {
  const files = tree.files.filter((file) => file.endsWith('.txt') && /==/u.test(tree.read(file)))
  return files.flatMap((file) =>
    tree
      .read(file)
      .split('\n')
      .flatMap((line, index) => {
        const isPin = line.trim() === '' || line.startsWith('#') || EXACT_REQUIREMENT.test(line.trim())
        return isPin ? [] : [{ file, line: index + 1, wrong: `${line} is no exact version`, mend: 'name==version' }]
      }),
  )
}

function floatingModules(tree: Tree): readonly Objection[] {
  return tree.files
    .filter((file) => SOURCE.test(file) && !file.includes('.test.'))
    .flatMap((file) => {
      const text = tree.read(file)
      return [...text.matchAll(/[\w/]@(?:latest|master|main)\b(?![\w/-])/gu)].map(({ index }) => ({
        file,
        line: lineAt(text, index),
        wrong: 'a package or module is fetched at whatever is newest',
        mend: 'name its version',
      }))
    })
}
