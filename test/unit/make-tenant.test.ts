/** `deploy/make-tenant.sh`: settings and secrets of a tenant, unlike those of every other one. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../support/compose-file.ts'

const SCRIPT = join(ROOT, 'deploy/make-tenant.sh')
const folder = mkdtempSync(join(tmpdir(), 'mandate-tenants-'))
const env = { PATH: process.env['PATH'] ?? '', MANDATE_TENANTS_DIR: folder }
const make = (...args: readonly string[]): string =>
  execFileSync(SCRIPT, args, {
    env: { ...env, PAIRWISE_SALT: 'of-another-tenant-0123456789' },
    encoding: 'utf8',
    stdio: 'pipe',
  })

let said = ''
beforeAll(() => {
  said = make('acme', 'acme.example', '8500')
  make('bolt', 'bolt.example', '8510')
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The settings of a tenant, by name. */
const settingsOf = (name: string): ReadonlyMap<string, string> =>
  new Map(
    readFileSync(join(folder, `${name}.env`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  )
const secretsOf = (name: string): readonly string[] =>
  readdirSync(join(folder, name))
    .map((file) => readFileSync(join(folder, name, file), 'utf8'))
    .filter((text) => text !== '')

test('no secret of one tenant is that of another, or one that stood in the environment', () => {
  const [acme, bolt] = [secretsOf('acme'), secretsOf('bolt')]
  expect(acme.length).toBeGreaterThan(20)
  expect(acme.filter((secret) => bolt.includes(secret))).toEqual([])
  expect([...acme, ...bolt]).not.toContain('of-another-tenant-0123456789')
})

test('project, host, log, ports and folder of secrets differ; the address of Keycloak does not', () => {
  const [acme, bolt] = [settingsOf('acme'), settingsOf('bolt')]
  const same = [...acme].filter(([name, value]) => bolt.get(name) === value).map(([name]) => name)
  expect(same).toEqual(['COMPOSE_FILE', 'MANDATE_SIGN_IN_HOST', 'MANDATE_SIGN_IN_PORT'])
  expect(acme.get('COMPOSE_PROJECT_NAME')).toBe('mandate-acme')
  expect(statSync(join(folder, 'acme')).mode & 0o777).toBe(0o700)
})

test('it prints the commands that follow, and keeps what is there', () => {
  const [logout, auditor] = ['http://edge-of-acme:8082/backchannel-logout', 'https://acme.example:8503']
  expect(said).toContain(`npm run add-realm -- acme ${join(folder, 'acme')} ${logout} ${auditor}\n`)
  const before = secretsOf('acme')
  expect(make('acme', 'elsewhere.example', '9000')).toContain(auditor)
  expect(secretsOf('acme')).toEqual(before)
})

test.for([
  ['master', 'a.example', '8500'],
  ['mandate', 'a.example', '8500'],
  ['Acme', 'a.example', '8500'],
  ['a', 'a.example', '8500'],
  ['../acme', 'a.example', '8500'],
  ['x'.repeat(32), 'a.example', '8500'],
  ['dora', 'a.example; rm', '8500'],
  ['dora', 'a.example', '80'],
  ['dora', 'a.example', '65533'],
  ['dora', 'a.example'],
])('%s %s %s is refused before anything is made', (args) => {
  const before = readdirSync(folder)
  expect(spawnSync(SCRIPT, args, { env }).status).toBe(64)
  expect(readdirSync(folder)).toEqual(before)
})
