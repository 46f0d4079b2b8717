// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the samples are Dockerfiles.
/**
 * The rules about what is fetched and used of others, each with a planted violation.
 */
import { describe, expect, test } from 'vitest'
import { checkDependencies, isAllowed } from '../check/dependencies.ts'
import { imagesOf } from '../check/images.ts'
import { checkPins } from '../check/pins.ts'
import { type PlantedFiles, told, treeOf } from '../support/planted-tree.ts'

const HASH = `sha512-${'A'.repeat(86)}==`
const DIGEST = `sha256:${'0'.repeat(64)}`

interface Locked {
  readonly integrity?: string
  readonly hasInstallScript?: true
  readonly resolved?: string
  readonly license?: string
  readonly dev?: true
}

const lockfile = (packages: Readonly<Record<string, Locked>>, lockfileVersion = 3): string =>
  JSON.stringify({ lockfileVersion, packages: { '': {}, core: {}, ...packages } }, undefined, 2)

describe('pins', () => {
  const SOUND = {
    'package.json': JSON.stringify({
      dependencies: { node: '24.21.0' },
      allowScripts: { driver: false },
      overrides: { driver: 'file:./stubs/driver' },
    }),
    'core/package.json': JSON.stringify({
      dependencies: { zod: '4.6.7', old: 'npm:@scope/express@4.22.3' },
      devDependencies: { beta: '1.0.0-rc.1' },
      peerDependencies: { express: '>=4 <6' },
    }),
    'stubs/driver/package.json': '{}',
    'package-lock.json': lockfile({
      'node_modules/zod': { integrity: HASH },
      'node_modules/driver': { integrity: HASH, hasInstallScript: true },
      'node_modules/old/stubs/driver': {},
    }),
    'requirements.txt': '# With all it needs.\nanyio==4.16.0\n',
    'deploy/Dockerfile': 'ARG NODE=node:24.21.0-bookworm-slim\nFROM ${NODE}\n',
    'docker-compose.yml': `services:\n  db:\n    image: postgres:17.10-bookworm@${DIGEST}\n  pdp:\n    image: mandate/pdp:0.2.0\n`,
    'run.sh': 'go install example.com/tool/cmd@v1.2.3\n',
  }

  test('a sound tree has nothing wrong', () => expect(told(checkPins(treeOf(SOUND)))).toEqual([]))

  test.for<readonly [string, PlantedFiles, string]>([
    [
      'a range',
      { 'core/package.json': '{\n "dependencies": {\n  "zod": "^4.6.7"\n}}' },
      'core/package.json:3: dependencies has zod at "^4.6.7", which is no exact version',
    ],
    [
      'a tag',
      { 'core/package.json': '{ "devDependencies": { "zod": "latest" } }' },
      'core/package.json:1: devDependencies has zod at "latest", which is no exact version',
    ],
    [
      'an address',
      {
        'package.json': '{ "allowScripts": { "driver": false }, "dependencies": { "zod": "github:someone/zod#main" } }',
      },
      'package.json:1: dependencies has zod at "github:someone/zod#main", which is no exact version',
    ],
    [
      'a nested override',
      { 'package.json': '{ "allowScripts": { "driver": false }, "overrides": { "a": { "b": "1" } } }' },
      'package.json:1: overrides has a at {"b":"1"}, which is no exact version',
    ],
    [
      'an archive without its hash',
      { 'package-lock.json': lockfile({ 'node_modules/zod': {} }) },
      'package-lock.json:6: node_modules/zod has no SHA-512 of its archive',
    ],
    [
      'a weak hash',
      { 'package-lock.json': lockfile({ 'node_modules/zod': { integrity: 'sha1-AAAA' } }) },
      'package-lock.json:6: node_modules/zod has no SHA-512 of its archive',
    ],
    [
      'an archive of another address',
      {
        'package-lock.json': lockfile({
          'node_modules/zod': { integrity: HASH, resolved: 'https://example.com/zod.tgz' },
        }),
      },
      'package-lock.json:6: node_modules/zod is fetched from https://example.com/zod.tgz, not from the registry',
    ],
    [
      'a script at installation',
      { 'package-lock.json': lockfile({ 'node_modules/zod': { integrity: HASH, hasInstallScript: true } }) },
      'package-lock.json:6: node_modules/zod runs a script when it is installed, and allowScripts does not list it',
    ],
    [
      'a Python package',
      { 'requirements.txt': 'anyio==4.16.0\nhttpx>=1\n' },
      'requirements.txt:2: httpx>=1 is no exact version',
    ],
    [
      'a Go module',
      { 'run.sh': `go install example.com/tool/cmd${'@'}latest\n` },
      'run.sh:1: a package or module is fetched at whatever is newest',
    ],
    [
      'an image in a Dockerfile',
      { 'deploy/Dockerfile': 'FROM node:latest AS build\n' },
      'deploy/Dockerfile:1: the image node:latest has no exact version',
    ],
    [
      'an image in a Compose file',
      { 'docker-compose.yml': 'services:\n  db:\n    image: postgres:17\n' },
      'docker-compose.yml:3: the image postgres:17 has no exact version',
    ],
    [
      "an image in a chart's values",
      { 'deploy/helm/mandate/values.yaml': 'pdp:\n  image:\n    repository: openfga/openfga\n    tag: stable\n' },
      'deploy/helm/mandate/values.yaml:3: the image openfga/openfga:stable has no exact version',
    ],
  ])('%s that can be another one, or run something, is named', ([, files, wrong]) => {
    expect(told(checkPins(treeOf({ ...SOUND, ...files })))).toEqual([wrong])
  })
})

test('images are found with their digests, those that this repository builds are left out', () => {
  const files = {
    'deploy/Dockerfile': `ARG NODE=node:24.21.0-slim@${DIGEST}\nFROM \${NODE} AS build\nFROM build\nFROM scratch\n`,
    'compose.yml': 'services:\n  a:\n    image: "nginx:1.30.4-alpine" # the edge\n  b:\n    image: mandate/pdp:0.2.0\n',
    'deploy/helm/mandate/values.yaml': [
      'pdp:\n  image:\n    registry: registry.example.com\n    repository: mandate/pdp\n    tag: ""\n    digest: ""',
      `openfga:\n  image:\n    registry: docker.io\n    # pinned\n    repository: openfga/openfga\n    tag: v1.22.1\n    digest: ${DIGEST}\n`,
    ].join('\n'),
    'deploy/helm/mandate/templates/test.yaml':
      'spec:\n  image: curlimages/curl:8.17.0\n  image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"\n',
  }
  expect(imagesOf(treeOf(files)).map(({ file, line, name, digest }) => [file, line, name, digest])).toEqual([
    ['compose.yml', 3, 'nginx:1.30.4-alpine', undefined],
    ['deploy/Dockerfile', 1, 'node:24.21.0-slim', DIGEST],
    ['deploy/helm/mandate/templates/test.yaml', 2, 'curlimages/curl:8.17.0', undefined],
    ['deploy/helm/mandate/values.yaml', 11, 'docker.io/openfga/openfga:v1.22.1', DIGEST],
  ])
})

describe('dependencies', () => {
  const SOUND = {
    'core/package.json': '{ "dependencies": { "zod": "4.6.7", "@zag-js/menu": "1.44.0", "@mandate/pep": "0.2.0" } }',
    'docs/adr/0001-libraries.md': '`zod` reads every input; `@zag-js/*` draws menus.\n',
    'package-lock.json': lockfile({
      'node_modules/zod': { integrity: HASH, license: 'MIT' },
      'node_modules/lightningcss': { integrity: HASH, license: 'MPL-2.0', dev: true },
      'node_modules/a/node_modules/busboy': { integrity: HASH, dev: true },
    }),
  }

  test('a sound tree has nothing wrong', () => expect(told(checkDependencies(treeOf(SOUND)))).toEqual([]))

  test.for<readonly [string, PlantedFiles, string]>([
    [
      'a runtime dependency without a reason',
      { 'docs/adr/0001-libraries.md': 'zod without backticks; `@zag-js/*` draws menus.\n' },
      'core/package.json:1: no ADR names the runtime dependency zod',
    ],
    [
      'copyleft at run time',
      { 'package-lock.json': lockfile({ 'node_modules/a': { integrity: HASH, license: 'MPL-2.0' } }) },
      'package-lock.json:6: a has the licence MPL-2.0 and is needed at run time',
    ],
    [
      'strong copyleft in development',
      {
        'package-lock.json': lockfile({ 'node_modules/@a/b': { integrity: HASH, license: 'GPL-3.0-only', dev: true } }),
      },
      'package-lock.json:6: @a/b has the licence GPL-3.0-only',
    ],
    [
      'no licence',
      { 'package-lock.json': lockfile({ 'node_modules/a': { integrity: HASH } }) },
      'package-lock.json:6: a has the licence of no name and is needed at run time',
    ],
  ])('%s is named', ([, files, wrong]) => {
    expect(told(checkDependencies(treeOf({ ...SOUND, ...files })))).toEqual([wrong])
  })

  test.for([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['MIT AND GPL-3.0-only', false],
    ['MIT AND ISC', true],
    ['(GPL-2.0-only OR ISC) AND MIT', true],
    ['GPL-2.0-only WITH Classpath-exception-2.0', false],
    ['SEE LICENSE IN licence.md', false],
    ['UNLICENSED', false],
    [undefined, false],
  ] as const)('the licence %s may be used: %s', ([licence, expected]) => {
    expect(isAllowed(licence, ['MIT', 'ISC'])).toBe(expected)
  })
})
