/**
 * `npm run delete-login -- USERNAME`, for an operator: see `--help`. Exit 0 when the login is gone, 1 when Keycloak refused, 64 on wrong usage.
 *
 * @module
 */
import { runErrand } from './errand.ts'
import { deleteUser } from './provision.ts'

await runErrand({
  command: 'npm run --silent delete-login',
  does: 'Deletes a login of the realm mandate in Keycloak. What the services keep of the person is not deleted by it.',
  words: ['USERNAME'],
  run: async (admin, user = '') =>
    (await deleteUser(admin, user)) ? 'deleted' : 'nobody by that name: nothing to delete',
})
