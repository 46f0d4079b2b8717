/**
 * In which order servers are looked for. Programs are stood in for by shell scripts on a PATH of their own.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MissingToolError, StartError } from './errors.ts'
import { findJava, javaVersion } from './find-java.ts'
import { findKeycloak } from './find-keycloak.ts'
import { findOpenFga } from './find-openfga.ts'
import { externalKeycloak } from './keycloak.ts'
import { startOpenFga } from './openfga.ts'
import { temporaryFolder } from './temporary.fixture.ts'

/** A machine with exactly these programs (name → shell script), and an empty cache. */
function machine(programs: Readonly<Record<string, string>>): {
  readonly PATH: string
  readonly MANDATE_CACHE: string
  readonly HOME: string
} {
  const root = temporaryFolder()
  const bin = join(root, 'bin')
  mkdirSync(bin)
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return { PATH: bin, MANDATE_CACHE: join(root, 'cache'), HOME: root }
}

const GO_VERSION = 'if [ "$1" = version ]; then echo "go version go1.26.8 linux/amd64"; fi\n'
const GO = `${GO_VERSION}if [ "$1" = install ]; then echo "$@" > "$GOBIN/openfga"; fi`
const JAVA = 'echo \'openjdk version "21.0.4"\' >&2'

describe('OpenFGA', () => {
  test('a URL in the environment comes first, and nothing is started', async () => {
    const env = { OPENFGA_URL: 'http://127.0.0.1:9', OPENFGA_API_TOKEN: 'theirs' }
    const server = await startOpenFga({ env })
    expect(server).toMatchObject({ url: 'http://127.0.0.1:9', apiToken: 'theirs', engine: 'external' })
    expect(server.pid()).toBeUndefined()
    await expect(server.kill()).rejects.toThrow(StartError)
  })

  test('then a binary of the pinned version on PATH', async () => {
    const env = machine({ openfga: 'echo "OpenFGA version \\`v1.22.1\\` build from x" >&2', go: GO })
    expect(await findOpenFga({ env })).toBe('openfga')
  })

  test('then go install, once; another version on PATH is passed over', async () => {
    const env = machine({ openfga: 'echo "OpenFGA version \\`v1.8.0\\`" >&2', go: GO })
    const fetched: string[] = []
    const onFetch = (what: string): number => fetched.push(what)
    const binary = await findOpenFga({ env, onFetch })
    expect(readFileSync(binary, 'utf8')).toContain('github.com/openfga/openfga/cmd/openfga@v1.22.1')
    expect(await findOpenFga({ env, onFetch })).toBe(binary)
    expect(fetched).toHaveLength(1)
  })

  test('the build says how far it is, by the packages that Go names', async () => {
    const names = 'i=0; while [ $i -lt 700 ]; do echo "some/package/$i" >&2; i=$((i+1)); done'
    const go = `${GO_VERSION}if [ "$1" = install ]; then echo "go: downloading x" >&2; ${names}; echo > "$GOBIN/openfga"; fi`
    const said: string[] = []
    await findOpenFga({ env: machine({ go }), onFetch: (what) => said.push(what) })
    expect(said.slice(1)).toContainEqual(expect.stringMatching(/^[1-5]\d %, \d+ (?:s|min) left$/u))
  })

  test.for([
    ['without any of these', {}],
    ['with a Go too old to fetch a newer one', { go: 'echo "go version go1.19.8 linux/amd64"' }],
  ] as const)('%s, the error names the ways out and exits 69', async ([, programs]) => {
    const missing = findOpenFga({ env: machine(programs) })
    await expect(missing).rejects.toThrow(MissingToolError)
    await expect(missing).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining('apt-get install golang'),
    })
  })

  test('a build that fails shows its last lines and leaves the cache empty', async () => {
    const env = machine({ go: `${GO_VERSION}if [ "$1" = install ]; then echo "no such host" >&2; exit 1; fi` })
    await expect(findOpenFga({ env })).rejects.toThrow(/no such host/)
    await expect(findOpenFga({ env })).rejects.toThrow(/no such host/)
  })
})

describe('Keycloak', () => {
  test('a URL in the environment needs its administrator', async () => {
    await expect(externalKeycloak({ KEYCLOAK_URL: 'http://127.0.0.1:9' })).rejects.toThrow(/KEYCLOAK_ADMIN_USERNAME/)
    expect(await externalKeycloak({})).toBeUndefined()
  })

  test('JAVA_HOME is taken when it is new enough', async () => {
    const { PATH } = machine({ java: JAVA })
    const home = join(PATH, '..')
    expect(await findJava({ env: { JAVA_HOME: home, PATH: '' } })).toEqual({ home, version: 21 })
  })

  test.for([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "25" 2025-09-16', 25],
    ['java version "1.8.0_402"', 8],
    ['command not found', undefined],
  ] as const)('%s', ([output, version]) => {
    expect(javaVersion(output)).toBe(version)
  })

  test('without Maven or an unpacked distribution, the error names the ways out', async () => {
    const env = machine({ java: JAVA })
    const missing = findKeycloak({ env: { ...env, JAVA_HOME: join(env.PATH, '..') } })
    await expect(missing).rejects.toMatchObject({ exitCode: 69, message: expect.stringContaining('KEYCLOAK_HOME') })
  })

  test('an unpacked distribution of another version is refused', async () => {
    const env = machine({ java: JAVA })
    const home = join(env.PATH, '..')
    writeFileSync(join(home, 'version.txt'), 'Keycloak - Version 26.0.0')
    const refused = findKeycloak({ env: { ...env, JAVA_HOME: home, KEYCLOAK_HOME: home } })
    await expect(refused).rejects.toThrow(/26\.0\.0/)
  })
})
