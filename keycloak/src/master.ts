/**
 * Settings of the `master` realm, where administrators sign in. Keycloak creates it without brute force protection, event log and password policy, and
 * it cannot be changed by a realm file.
 *
 * @module
 */
import { z } from 'zod'
import { adminSession, type KeycloakAdmin } from './admin.ts'

const REALM = '/realms/master'

/** As in `realm.json`, but stricter: longer passwords, and sessions of at most an hour. Times are in seconds. */
const SETTINGS: Readonly<Record<string, boolean | number | string>> = {
  bruteForceProtected: true,
  permanentLockout: false,
  failureFactor: 5,
  waitIncrementSeconds: 60,
  maxFailureWaitSeconds: 900,
  minimumQuickLoginWaitSeconds: 60,
  quickLoginCheckMilliSeconds: 1000,
  maxDeltaTimeSeconds: 43_200,
  // In the form in which Keycloak returns it, so that the comparison with the current value works.
  passwordPolicy: 'length(14) and notUsername(undefined) and passwordHistory(3)',
  registrationAllowed: false,
  rememberMe: false,
  resetPasswordAllowed: false,
  ssoSessionIdleTimeout: 900,
  ssoSessionMaxLifespan: 3_600,
  eventsEnabled: true,
  eventsExpiration: 2_592_000,
  adminEventsEnabled: true,
  // Request bodies contain names and secrets: log who changed what, but not the body.
  adminEventsDetailsEnabled: false,
}

/**
 * Applies {@link SETTINGS} to the `master` realm. Idempotent.
 *
 * @returns Names of the changed settings.
 */
export async function hardenMaster(admin: KeycloakAdmin): Promise<readonly string[]> {
  const call = await adminSession(admin)
  const before = z.looseObject({}).parse(await call('GET', REALM))
  const changed = Object.keys(SETTINGS).filter((name) => before[name] !== SETTINGS[name])
  // Sends the complete realm: Keycloak resets settings that are missing in a PUT.
  if (changed.length > 0) await call('PUT', REALM, { ...before, ...SETTINGS })
  return changed
}
