/**
 * Bills of materials and digests of images: `npm run supply-chain`.
 */
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openTree } from '../check/tree.ts'
import { askRegistry, checkDigests, pinImages } from '../supply-chain/image-digests.ts'
import { type Lockfile, neededBy, readLockfile } from '../supply-chain/locked-packages.ts'
import { exitCodeOf, report } from '../supply-chain/outcome.ts'
import { billOf } from '../supply-chain/sbom.ts'
import { scanForSecrets } from '../supply-chain/secrets.ts'
import { subjectsOf } from '../supply-chain/subjects.ts'
import { schemaObjections } from '../supply-chain/write-bills.ts'
import { plantFolder, treeOf } from '../support/planted-tree.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DIGEST = `sha256:${'1'.repeat(64)}`
const HASH = `sha512-${Buffer.alloc(64, 1).toString('base64')}`

describe('bills of materials', () => {
  const tree = openTree(ROOT)
  let lockfile: Lockfile
  beforeAll(() => {
    lockfile = readLockfile(tree.read('package-lock.json'))
  })

  test('there is one for each package and image that is published', () => {
    expect(subjectsOf(tree).map(({ name }) => name)).toEqual([
      ...['protocol', 'service', 'pep', 'mcp'].map((name) => `@mandate/${name}`),
      ...['pdp', 'keycloak', 'trips', 'care', 'booking-agent', 'auditor', 'demo'].map((name) => `mandate/${name}`),
    ])
  })

  test('each is valid by the schema of CycloneDX 1.6, and each runtime dependency of its manifest is in it', async () => {
    for (const subject of subjectsOf(tree)) {
      const bill = billOf(lockfile, subject) as { readonly components: readonly { readonly purl?: string }[] }
      expect(await schemaObjections(JSON.stringify(bill)), subject.name).toEqual([])
      const purls = bill.components.map(({ purl }) => purl)
      for (const workspace of subject.workspaces) {
        const { dependencies = {} } = JSON.parse(tree.read(`${workspace}/package.json`))
        for (const [name, version] of Object.entries(dependencies))
          expect(purls, subject.name).toContain(`pkg:npm/${name.replace('@', '%40')}@${version}`)
      }
    }
  })

  test('the schema finds a bill that is not valid', async () => {
    const [subject] = subjectsOf(tree)
    if (!subject) throw new Error('nothing is published')
    const bill = { ...billOf(lockfile, subject), components: [{ type: 'library' }] }
    expect(await schemaObjections(JSON.stringify(bill))).toEqual([expect.stringContaining("'name'")])
  })

  const LOCKED: Lockfile = {
    core: { name: '@mandate/core', version: '1.0.0', dependencies: { a: '1.0.0', '@mandate/kit': '1.0.0' } },
    kit: { name: '@mandate/kit', version: '1.0.0', dependencies: { b: '^2.0.0' }, peerDependencies: { d: '*' } },
    'core/node_modules/a': { version: '1.0.0', license: '(MIT OR ISC)', integrity: HASH, peerDependencies: { d: '*' } },
    'node_modules/@mandate/kit': { resolved: 'kit', link: true },
    'node_modules/a': { version: '0.9.0' },
    'node_modules/b': { version: '2.1.0', license: 'MIT', integrity: HASH, optionalDependencies: { gone: '1' } },
    'node_modules/c': { version: '3.0.0' },
  }

  test('packages are resolved from the nearest node_modules; links are followed; what is missing and optional is left out', () => {
    expect(neededBy(LOCKED, ['core']).map(({ path }) => path)).toEqual([
      'core',
      'core/node_modules/a',
      'kit',
      'node_modules/b',
    ])
    expect(() => neededBy({ core: { dependencies: { gone: '1' } } }, ['core'])).toThrow('core needs gone')
  })

  test('the same lockfile makes the same bytes; hashes and licences are those of the lockfile', () => {
    const subject = { name: '@mandate/core', version: '1.0.0', kind: 'library', workspaces: ['core'] } as const
    const bill = billOf(LOCKED, subject)
    expect(JSON.stringify(billOf(LOCKED, subject))).toBe(JSON.stringify(bill))
    expect(bill).toMatchObject({
      serialNumber: expect.stringMatching(/^urn:uuid:[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/u),
      components: [
        {
          purl: 'pkg:npm/a@1.0.0',
          licenses: [{ expression: '(MIT OR ISC)' }],
          hashes: [{ alg: 'SHA-512', content: '01'.repeat(64) }],
        },
        { purl: 'pkg:npm/%40mandate/kit@1.0.0', group: '@mandate', name: 'kit' },
        { purl: 'pkg:npm/b@2.1.0', licenses: [{ license: { id: 'MIT' } }] },
      ],
    })
  })

  test('the contents of a base image are said to be unknown', () => {
    const base = { name: 'node', version: '24.21.0-slim', digest: DIGEST }
    const bill = billOf(LOCKED, {
      name: 'mandate/core',
      version: '1.0.0',
      kind: 'container',
      workspaces: ['core'],
      base,
    })
    expect(bill).toMatchObject({
      components: expect.arrayContaining([expect.objectContaining({ purl: 'pkg:generic/node@24.21.0' })]),
      compositions: expect.arrayContaining([{ aggregate: 'incomplete', assemblies: ['image node'] }]),
    })
  })
})

test('without the whole history the scan for secrets is no success', async () => {
  const root = plantFolder({ 'a.ts': '' })
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args])
  git('add', '.')
  for (const message of ['first', 'second']) git('commit', '--quiet', '--allow-empty', '--message', message)
  git('clone', '--quiet', '--depth', '1', `file://${root}`, 'shallow')
  expect(await scanForSecrets(join(root, 'shallow'))).toMatchObject({
    state: 'not run',
    lines: [expect.stringContaining('not the whole history')],
  })
})

describe('digests of images', () => {
  const files = {
    'deploy/Dockerfile': `FROM node:24.21.0-slim@${DIGEST}\n`,
    'docker-compose.yml': 'services:\n  db:\n    image: postgres:17.10-bookworm\n',
  }

  test('an image without one is no success', () => {
    const outcome = checkDigests(treeOf(files))
    expect(outcome).toMatchObject({ state: 'not run' })
    expect(report(outcome, false)).toMatch(
      /^NOT RUN digests of images\n {2}docker-compose\.yml:3: postgres:17\.10-bookworm has/u,
    )
    expect(exitCodeOf([outcome])).toBe(69)
  })

  test("is written behind the tag as the registry says it, with the registry's own challenge followed", async () => {
    const asked: string[] = []
    const server = createServer((req, res) => {
      const { method, url = '', headers } = req
      asked.push(`${method} ${url}`)
      if (url.startsWith('/token')) return void res.end(JSON.stringify({ token: 'anonymous' }))
      const challenge = `Bearer realm="http://${headers.host}/token",service="registry",scope="repository:db/postgres:pull"`
      if (headers.authorization !== 'Bearer anonymous')
        return void res.writeHead(401, { 'www-authenticate': challenge }).end()
      res.writeHead(200, { 'docker-content-digest': DIGEST }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const written: Record<string, string> = {}
    const outcome = await pinImages(
      treeOf(files),
      (file, text) => {
        written[file] = text
      },
      (name) => askRegistry(`127.0.0.1:${port}/db/${name}`, 'http'),
    )
    expect(outcome.state).toBe('passed')
    expect(written).toEqual({
      'docker-compose.yml': `services:\n  db:\n    image: postgres:17.10-bookworm@${DIGEST}\n`,
    })
    expect(checkDigests(treeOf({ ...files, ...written })).state).toBe('passed')
    expect(asked).toEqual([
      'HEAD /v2/db/postgres/manifests/17.10-bookworm',
      'GET /token?service=registry&scope=repository%3Adb%2Fpostgres%3Apull',
      'HEAD /v2/db/postgres/manifests/17.10-bookworm',
    ])
  })

  test('a registry that is not in reach changes nothing, and is no success', async () => {
    const outcome = await pinImages(
      treeOf(files),
      () => undefined,
      () => askRegistry('127.0.0.1:9/db/postgres:1.0', 'http'),
    )
    expect(outcome.state).toBe('not run')
  })
})
