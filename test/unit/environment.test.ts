/**
 * Commands that send an administrator's password: where TLS would believe every certificate they do not start.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { expect, test } from 'vitest'
import { ROOT } from '../support/compose-file.ts'

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}
test.for<readonly [string, readonly string[]]>([
  ['delete-login', ['somebody']],
  ['harden-master', []],
])('npm run %s does not start with NODE_TLS_REJECT_UNAUTHORIZED=0', ([name, args]) => {
  const [node, script = ''] = scripts[name]?.split(' ') ?? []
  expect(node).toBe('node')
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, script), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      KEYCLOAK_URL: 'https://keycloak.invalid',
      KEYCLOAK_ADMIN_USERNAME: 'admin',
      KEYCLOAK_ADMIN_PASSWORD: 'a password for tests',
    },
  })
  expect(stderr).toContain('NODE_TLS_REJECT_UNAUTHORIZED: must not be 0')
  expect(status).toBe(64)
})
