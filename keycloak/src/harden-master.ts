/**
 * `npm run harden-master`, for an operator: see `--help`. Exit 0 when the `master` realm has the settings, 1 when Keycloak refused, 64 on wrong usage.
 *
 * @module
 */
import { runAdminTask } from './admin-task.ts'
import { hardenMaster } from './master.ts'

await runAdminTask({
  command: 'npm run --silent harden-master',
  does: "Protects Keycloak's own realm, master: brute force protection, event log, and a password policy. Prints what it changed.",
  words: [],
  run: async (admin) => {
    const changed = await hardenMaster(admin)
    return changed.length === 0 ? 'nothing to change' : `changed: ${changed.join(', ')}`
  },
})
