import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { spreadVersion, versionObjections } from '../publish/version.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const VERSION = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version

/** The files that have a version, copied into a temporary folder. */
function copied(): string {
  const root = mkdtempSync(join(tmpdir(), 'mandate-version-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const manifests = ['.', ...workspaces].map((folder) => join(folder, 'package.json'))
  const others = [
    'package-lock.json',
    'deploy/Dockerfile',
    'docker-compose.yml',
    'README.md',
    'CHANGELOG.md',
    'deploy/helm/mandate/Chart.yaml',
  ]
  for (const file of [...manifests, ...others]) cpSync(join(ROOT, file), join(root, file), { recursive: true })
  return root
}

function edit(file: string, from: string | RegExp, to: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to))
}

test('all workspaces, the lockfile, the images and the README have the version of package.json', () => {
  expect(versionObjections(ROOT)).toEqual([])
})

test('no source spells the version: it is read from package.json', () => {
  const sources = ['*/src/**/*.ts', 'examples/*/src/**/*.ts'].flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
  const spelled = sources.filter((file) => readFileSync(join(ROOT, file), 'utf8').includes(`version: '${VERSION}'`))
  expect(sources.length).toBeGreaterThan(100)
  expect(spelled).toEqual([])
})

test.for([
  ['pep/package.json', /"version": "[^"]+"/u, '"version": "9.0.0"'],
  ['pep/package.json', /"@mandate\/protocol": "[^"]+"/u, '"@mandate/protocol": "9.0.0"'],
  ['deploy/Dockerfile', /ARG VERSION=\S+/u, 'ARG VERSION=9.0.0'],
  ['docker-compose.yml', /mandate\/trips:\S+/u, 'mandate/trips:9.0.0'],
  ['deploy/helm/mandate/Chart.yaml', /^appVersion: \S+/mu, 'appVersion: 9.0.0'],
  ['README.md', /early stage \([^)]+/u, 'early stage (9.0.0'],
] as const)('another version in %s is named', ([file, from, to]) => {
  const root = copied()
  edit(join(root, file), from, to)
  expect(versionObjections(root)).toEqual([expect.stringMatching(`^${file}.*: 9.0.0 instead of ${VERSION}$`)])
})

test('npm version reaches every place, and what was unreleased becomes the release', () => {
  const root = copied()
  edit(join(root, 'package.json'), `"version": "${VERSION}"`, '"version": "9.0.0"')
  const files = spreadVersion(root, '2027-01-31')
  expect(files.map((file) => dirname(file))).toContain('examples/trips')
  edit(join(root, 'package-lock.json'), /"version": "[^"]+"/u, '"version": "9.0.0"')
  expect(versionObjections(root)).toEqual([])
  expect(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')).toMatch(
    /## \[Unreleased\]\n\n## \[9\.0\.0\] - 2027-01-31\n/u,
  )
  expect(spreadVersion(root, '2027-01-31'), 'again changes nothing').toEqual([])
})
