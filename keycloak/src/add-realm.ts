/**
 * `npm run add-realm -- NAME SECRETS LOGOUT_URL AUDITOR_URL`, for an operator: see `--help`. Exit 0 when the realm is there, 1 when it was refused, 64 on
 * wrong usage.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runAdminTask } from './admin-task.ts'
import { REALM_SECRETS } from './index.ts'
import { addRealm } from './realms.ts'

await runAdminTask({
  command: 'npm run --silent add-realm',
  does:
    'Adds the realm of a tenant to Keycloak. SECRETS is its folder of deploy/make-tenant.sh; LOGOUT_URL is where Keycloak tells its PDPs that somebody ' +
    'signed out, AUDITOR_URL the address of its auditor`s page.',
  words: ['NAME', 'SECRETS', 'LOGOUT_URL', 'AUDITOR_URL'],
  run: async (admin, name = '', folder = '', logoutUrl = '', auditorUrl = '') => {
    const secrets = REALM_SECRETS.map((secret) => [secret, readFileSync(join(folder, secret.toLowerCase()), 'utf8')])
    const values = { ...Object.fromEntries(secrets), PDP_LOGOUT_URL: logoutUrl, AUDITOR_PUBLIC_URL: auditorUrl }
    await addRealm(admin, { name, values })
    return `added the realm ${name}`
  },
})
