/**
 * `deploy/rotate.sh`: the files of secrets at each step, also when a rotation was interrupted and is repeated. In place of `docker` stands a program that writes
 * down its arguments and the files at that moment; what services do with the files is tested in `test/integration/rotation.test.ts`.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ROOT } from '../support/compose-file.ts'

const DOCKER = `#!/bin/sh
case "$*" in
  *rotate-key* | *retire-key*) if [ -n "\${LOG_KEY_SAYS:-}" ]; then echo "$LOG_KEY_SAYS" >&2; exit 70; fi ;;
  'compose logs'*) echo "{\\"outcome\\":\\"$OUTCOME\\"} are refused, those in force stay"; exit ;;
  *psql* | *bash*) cat >> "$RECORDED/input" ;;
esac
echo "$*" | tr '\\n' ' ' >> "$RECORDED/calls"
echo >> "$RECORDED/calls"
for name in trips_client_secret pdp_vault_key pdp_vault_old_keys openfga_config pdp_store_url keycloak_admin_password; do
  cp "$MANDATE_SECRETS_DIR/$name" "$RECORDED/$name.$(wc -l < "$RECORDED/calls" | tr -d ' ')"
done
[ "$(wc -l < "$RECORDED/calls")" -ne "\${FAIL_AT:-0}" ]
`

let made: string
let folder: string
let environment: Record<string, string>
beforeAll(() => {
  made = mkdtempSync(join(tmpdir(), 'mandate-made-'))
  execFileSync(join(ROOT, 'deploy/make-secrets.sh'), [made], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: 'pipe',
  })
})
afterAll(() => rmSync(made, { recursive: true }))
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mandate-rotate-'))
  const path = `${folder}${delimiter}${process.env['PATH'] ?? ''}`
  environment = { PATH: path, MANDATE_SECRETS_DIR: join(folder, 'secrets'), RECORDED: folder, OUTCOME: 'applied' }
  writeFileSync(join(folder, 'docker'), DOCKER)
  chmodSync(join(folder, 'docker'), 0o755)
  cpSync(made, join(folder, 'secrets'), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

function rotate(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  rmSync(join(folder, 'calls'), { force: true })
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'deploy/rotate.sh'), args, {
    env: { ...environment, ...more },
  })
  return { status, output: `${stdout}${stderr}` }
}
const secret = (name: string): string => readFileSync(join(folder, 'secrets', name), 'utf8')
/** A file at the time of a call, from 1. */
const at = (call: number, name: string): string => readFileSync(join(folder, `${name}.${call}`), 'utf8')

test('client secret: the service has both before the issuer gets the new one, also when that failed and is repeated', () => {
  const former = secret('trips_client_secret')
  expect(rotate(['client-secret', 'trips'], { FAIL_AT: '2' }).status).not.toBe(0)
  const [next = '', ...others] = secret('trips_client_secret').split('\n')
  expect([others, next.length]).toEqual([[former], 64])
  const repeated = rotate(['client-secret', 'trips'])
  expect(repeated.status).toBe(0)
  expect(at(1, 'trips_client_secret')).toBe(`${next}\n${former}`)
  expect(secret('trips_client_secret')).toBe(next)
  expect(readFileSync(join(folder, 'input'), 'utf8')).toContain(next)
  expect(repeated.output).not.toContain(next)
  expect(statSync(join(folder, 'secrets/trips_client_secret')).mode & 0o777).toBe(0o444)
})

test('vault key: neither key is ever in no file, and a step can be repeated', () => {
  const former = secret('pdp_vault_key')
  expect(rotate(['vault-key', 'switch'])).toMatchObject({ status: 78 })
  for (const _ of [1, 2]) expect(rotate(['vault-key', 'begin']).status).toBe(0)
  const next = secret('pdp_vault_old_keys')
  expect([secret('pdp_vault_key'), next.length]).toEqual([former, 64])
  expect(rotate(['vault-key', 'finish'])).toMatchObject({ status: 78 })
  for (const _ of [1, 2]) {
    expect(rotate(['vault-key', 'switch']).status).toBe(0)
    expect([secret('pdp_vault_key'), secret('pdp_vault_old_keys')]).toEqual([next, `${next},${former}`])
  }
  expect(rotate(['vault-key', 'finish']).status).toBe(0)
  expect([secret('pdp_vault_key'), secret('pdp_vault_old_keys')]).toEqual([next, ''])
})

test('OpenFGA: it has both keys while the PDPs take the new one', () => {
  const former = secret('openfga_api_token')
  expect(rotate(['openfga-key']).status).toBe(0)
  const next = secret('openfga_api_token')
  expect(at(1, 'openfga_config')).toContain(`keys: ["${next}", "${former}"]`)
  expect(at(2, 'openfga_config')).toContain(`keys: ["${next}", "${former}"]`)
  expect(at(3, 'openfga_config')).toContain(`keys: ["${next}"]`)
})

test('database: the other role gets a password, then the URL, and the former role loses its own', () => {
  expect(rotate(['database', 'pdp']).status).toBe(0)
  const { username, password, pathname } = new URL(secret('pdp_store_url'))
  expect([username, pathname]).toEqual(['pdp_a', '/pdp'])
  expect(new URL(secret('pdp_index_url'))).toMatchObject({ username, password, pathname: '/pdp_index' })
  const sql = readFileSync(join(folder, 'input'), 'utf8')
  expect(sql).toContain(`ALTER ROLE pdp_a LOGIN PASSWORD '${password}'`)
  expect(sql).toContain("WHERE rolname IN ('pdp', 'pdp_a', 'pdp_b') AND rolname <> 'pdp_a'")
  expect(new URL(at(1, 'pdp_store_url')).username).toBe('pdp')
  expect(rotate(['database', 'pdp']).status).toBe(0)
  expect(new URL(secret('pdp_store_url')).username).toBe('pdp_b')
})

test('OpenFGA and Keycloak get their database passwords with a restart', () => {
  for (const name of ['openfga', 'keycloak']) {
    expect(rotate(['database', name]).status).toBe(0)
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toContain(
      `up --detach --wait --force-recreate --no-deps ${name}`,
    )
  }
  const sql = readFileSync(join(folder, 'input'), 'utf8')
  expect(secret('openfga_config')).toMatch(/uri: postgres:\/\/openfga_a:[0-9a-f]{64}@postgres:5432\/openfga/u)
  expect(sql).toContain(`ALTER ROLE keycloak PASSWORD '${secret('keycloak_db_password')}'`)
})

test('a rotation of a log key that was interrupted goes on with its restart; another failure ends it', () => {
  for (const words of ['keys overlap already: retire the old one first', 'there is only one key: rotate first']) {
    const isRotate = words.startsWith('keys')
    const args = ['log-key', 'pdp-1', ...(isRotate ? [] : ['retire'])]
    expect(rotate(args, { LOG_KEY_SAYS: words }).status).toBe(0)
    expect(readFileSync(join(folder, 'calls'), 'utf8')).toContain('--no-deps pdp-1')
  }
  expect(rotate(['log-key', 'pdp-1'], { LOG_KEY_SAYS: 'no space left' })).toMatchObject({ status: 70 })
  expect(() => readFileSync(join(folder, 'calls'), 'utf8')).toThrow('ENOENT')
})

test('a service that refuses the new value ends the rotation, and the former value stays valid', () => {
  const former = secret('openfga_api_token')
  expect(rotate(['openfga-key'], { OUTCOME: 'refused' }).status).toBe(70)
  expect(secret('openfga_config')).toContain(`"${former}"]`)
  expect(rotate(['database', 'pdp'], { OUTCOME: 'refused' }).status).toBe(70)
  expect(readFileSync(join(folder, 'input'), 'utf8')).not.toContain('PASSWORD NULL')
})

test.for([
  [[]],
  [['client-secret', 'edge']],
  [['database', 'edge']],
  [['vault-key', 'now']],
  [['log-key', 'pdp-3']],
] as const)('usage: %j', ([args]) => {
  expect(rotate(args)).toMatchObject({ status: 64, output: expect.stringContaining('deploy/rotate.sh') })
})
