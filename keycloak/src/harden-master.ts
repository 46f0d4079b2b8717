/**
 * `KEYCLOAK_URL=… KEYCLOAK_ADMIN_USERNAME=… KEYCLOAK_ADMIN_PASSWORD=… node keycloak/src/harden-master.ts`
 * Exit 0 when the `master` realm is as it should be, 1 when Keycloak refused, 64 on wrong usage.
 *
 * @module
 */
import { hardenMaster } from './master.ts'

const { KEYCLOAK_URL: url, KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password } = process.env

if (url && username && password) {
  await hardenMaster({ url, username, password }).then(
    (changed) =>
      process.stdout.write(changed.length === 0 ? 'nothing to change\n' : `changed: ${changed.join(', ')}\n`),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    },
  )
} else {
  process.stderr.write(
    'usage: node keycloak/src/harden-master.ts\n' +
      'with KEYCLOAK_URL, KEYCLOAK_ADMIN_USERNAME and KEYCLOAK_ADMIN_PASSWORD in the environment\n',
  )
  process.exitCode = 64
}
