/**
 * `npm run harden-master`, for an operator: see `--help`. Exit 0 when the `master` realm is as it should be, 1 when Keycloak refused, 64 on wrong usage.
 *
 * @module
 */
import { runErrand } from './errand.ts'
import { hardenMaster } from './master.ts'

await runErrand({
  command: 'npm run --silent harden-master',
  does: "Protects Keycloak's own realm, master: a lock against guessing, events, and a password policy. Says what it changed.",
  words: [],
  run: async (admin) => {
    const changed = await hardenMaster(admin)
    return changed.length === 0 ? 'nothing to change' : `changed: ${changed.join(', ')}`
  },
})
