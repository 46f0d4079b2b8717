/**
 * `KEYCLOAK_URL=… KEYCLOAK_ADMIN_USERNAME=… KEYCLOAK_ADMIN_PASSWORD=… node keycloak/src/delete-user.ts USERNAME`
 * Exit 0 when the login is gone, 1 when Keycloak refused, 64 on wrong usage.
 *
 * @module
 */
import { environmentObjection } from '@mandate/protocol'
import { deleteUser } from './provision.ts'

const { KEYCLOAK_URL: url, KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password } = process.env
const target = process.argv[2]
const objection = environmentObjection(process.env)

if (objection !== undefined) {
  process.stderr.write(`${objection}\n`)
  process.exitCode = 64
} else if (!(url && username && password && target)) {
  process.stderr.write(
    'usage: node keycloak/src/delete-user.ts USERNAME\n' +
      'with KEYCLOAK_URL, KEYCLOAK_ADMIN_USERNAME and KEYCLOAK_ADMIN_PASSWORD in the environment\n',
  )
  process.exitCode = 64
} else {
  await remove(target, { url, username, password })
}

async function remove(user: string, admin: Parameters<typeof deleteUser>[0]): Promise<void> {
  try {
    const found = await deleteUser(admin, user)
    process.stdout.write(found ? 'deleted\n' : 'nobody by that name: nothing to delete\n')
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
