/**
 * What a workspace needs at run time, by `package-lock.json`: packages and the dependencies between them, resolved as Node does.
 *
 * @module
 */
import { posix } from 'node:path'

/** An entry of the lockfile. */
export interface LockedPackage {
  readonly name?: string
  readonly version?: string
  readonly link?: boolean
  /** Of a link: the workspace's folder. */
  readonly resolved?: string
  readonly integrity?: string
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Packages by their path in the lockfile. */
export type Lockfile = Readonly<Record<string, LockedPackage>>

/** A package with the paths of what it needs. */
export interface NeededPackage {
  readonly path: string
  readonly name: string
  readonly locked: LockedPackage
  readonly needs: readonly string[]
}

/** @throws SyntaxError when the text is not JSON. */
export const readLockfile = (text: string): Lockfile => (JSON.parse(text) as { readonly packages: Lockfile }).packages

/**
 * @param roots - Folders of workspaces.
 * @returns the workspaces and all that they need, once each, sorted by path. A peer is part of it where it is installed.
 * @throws Error when a root, or a dependency that is not optional, is not in the lockfile.
 */
export function neededBy(lockfile: Lockfile, roots: readonly string[]): readonly NeededPackage[] {
  const needed = new Map<string, NeededPackage>()
  const todo = [...roots]
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (needed.has(path)) continue
    const locked = lockfile[path]
    if (!locked) throw new Error(`${path} is not in the lockfile`)
    const needs = needsOf(lockfile, path, locked)
    const name = locked.name ?? path.replace(/^.*node_modules\//u, '')
    needed.set(path, { path, name, locked, needs })
    todo.push(...needs)
  }
  return [...needed.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function needsOf(lockfile: Lockfile, path: string, locked: LockedPackage): readonly string[] {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = locked
  // The peers of a workspace are its user's: what is installed here is for its tests.
  const isWorkspace = !path.includes('node_modules/')
  const optional = { ...optionalDependencies, ...(isWorkspace ? {} : peerDependencies) }
  return Object.keys({ ...dependencies, ...optional }).flatMap((name) => {
    const found = resolve(lockfile, path, name)
    if (found === undefined && !(name in optional))
      throw new Error(`${path} needs ${name}, which is not in the lockfile`)
    return found ?? []
  })
}

/** From the package's own folder outwards. A link stands for its workspace. */
function resolve(lockfile: Lockfile, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = posix.dirname(folder)) {
    const path = posix.join(folder, 'node_modules', name)
    const found = lockfile[path]
    if (found) return found.link ? found.resolved : path
    if (folder === '.') return undefined
  }
}
