/**
 * One version for all workspaces: where it is written, how it is set everywhere, and which places disagree.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A version as it is written somewhere outside of `package.json`. The first group is what precedes it. */
const ELSEWHERE: readonly { readonly file: string; readonly written: RegExp }[] = [
  { file: 'deploy/Dockerfile', written: /(ARG VERSION=)(\d+\.\d+\.\d+\S*)/gu },
  { file: 'docker-compose.yml', written: /(image: mandate\/(?!keycloak)[\w-]+:)(\d+\.\d+\.\d+\S*)/gu },
  { file: 'deploy/helm/mandate/Chart.yaml', written: /^((?:appVersion|version): )(\d+\.\d+\.\d+\S*)/gmu },
  { file: 'README.md', written: /(at an early stage \()(\d+\.\d+\.\d+[^)]*)/gu },
]
const OURS = /^@mandate\//u
const CHANGELOG = 'CHANGELOG.md'
const UNRELEASED = '## [Unreleased]\n'

interface Manifest {
  version: string
  workspaces?: string[]
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

interface Lock {
  version: string
  packages: Record<string, Manifest>
}

const read = (root: string, file: string): string => readFileSync(join(root, file), 'utf8')
const readManifest = (root: string, folder: string): Manifest => JSON.parse(read(root, join(folder, 'package.json')))
const readLock = (root: string): Lock => JSON.parse(read(root, 'package-lock.json'))
const workspacesOf = (root: string): readonly string[] => readManifest(root, '.').workspaces ?? []

/** @returns one line a place whose version is not that of the root's `package.json`; none: all agree. */
export function versionObjections(root: string): readonly string[] {
  const { version } = readManifest(root, '.')
  const lock = readLock(root)
  const objections: string[] = []
  const compare = (where: string, found: string | undefined): void => {
    if (found !== version) objections.push(`${where}: ${found} instead of ${version}`)
  }
  const compareManifest = (where: string, manifest: Manifest | undefined): void => {
    compare(where, manifest?.version)
    for (const [name, range] of Object.entries({ ...manifest?.dependencies, ...manifest?.devDependencies }))
      if (OURS.test(name)) compare(`${where}, ${name}`, range)
  }
  compare('package-lock.json', lock.version)
  compare('package-lock.json, root', lock.packages['']?.version)
  for (const folder of workspacesOf(root)) {
    compareManifest(`${folder}/package.json`, readManifest(root, folder))
    compareManifest(`package-lock.json, ${folder}`, lock.packages[folder])
  }
  for (const { file, written } of ELSEWHERE) {
    const found = [...read(root, file).matchAll(written)]
    if (found.length === 0) objections.push(`${file}: names no version`)
    for (const [, , each] of found) compare(file, each)
  }
  return objections
}

/**
 * Writes the version of the root's `package.json` everywhere else, and begins its section of the changelog with what was unreleased.
 *
 * @param date - Of the release, `YYYY-MM-DD`.
 * @returns the files that were written, from the root.
 */
export function spreadVersion(root: string, date: string): readonly string[] {
  const { version } = readManifest(root, '.')
  const written: string[] = []
  const write = (file: string, text: string): void => {
    if (text === read(root, file)) return
    writeFileSync(join(root, file), text)
    written.push(file)
  }
  const set = (manifest: Manifest | undefined): void => {
    if (!manifest) return
    manifest.version = version
    for (const dependencies of [manifest.dependencies ?? {}, manifest.devDependencies ?? {}])
      for (const name of Object.keys(dependencies)) if (OURS.test(name)) dependencies[name] = version
  }
  const lock = readLock(root)
  lock.version = version
  set(lock.packages[''])
  for (const folder of workspacesOf(root)) {
    const manifest = readManifest(root, folder)
    set(manifest)
    set(lock.packages[folder])
    write(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  }
  write('package-lock.json', `${JSON.stringify(lock, undefined, 2)}\n`)
  for (const { file, written: pattern } of ELSEWHERE) write(file, read(root, file).replaceAll(pattern, `$1${version}`))
  const changes = read(root, CHANGELOG)
  if (!changes.includes(`## [${version}]`))
    write(CHANGELOG, changes.replace(UNRELEASED, `${UNRELEASED}\n## [${version}] - ${date}\n`))
  return written
}
