/**
 * `npm run remove-realm -- NAME`, for an operator: see `--help`. Exit 0 when the realm is gone, 1 when it was refused, 64 on wrong usage.
 *
 * @module
 */
import { runAdminTask } from './admin-task.ts'
import { removeRealm } from './realms.ts'

await runAdminTask({
  command: 'npm run --silent remove-realm',
  does: 'Removes the realm of a tenant from Keycloak, with its people, keys and salt: nobody of it is recognised again. The other realms are left alone.',
  words: ['NAME'],
  run: async (admin, name = '') => {
    await removeRealm(admin, name)
    return `removed the realm ${name}`
  },
})
