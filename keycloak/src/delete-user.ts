/**
 * `npm run delete-login -- USERNAME`, for an operator: see `--help`. Exit 0 when the login is gone, 1 when Keycloak refused, 64 on wrong usage.
 *
 * @module
 */
import { runAdminTask } from './admin-task.ts'
import { deleteUser } from './provision.ts'

await runAdminTask({
  command: 'npm run --silent delete-login',
  does: 'Deletes a login of the realm mandate in Keycloak, or of KEYCLOAK_REALM. Does not delete data that the services hold about the person.',
  words: ['USERNAME'],
  run: async (admin, user = '') =>
    (await deleteUser(admin, user)) ? 'deleted' : 'there is no login with that name: nothing to delete',
})
