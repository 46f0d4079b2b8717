/**
 * The `master` realm, where administrators of all realms sign in. Keycloak makes it by itself, without protection against guessing, without
 * events and without a password policy, and no realm file reaches it.
 *
 * @module
 */
import { z } from 'zod'
import { adminSession, type KeycloakAdmin } from './admin.ts'

const REALM = '/realms/master'

/** As in our own realm file, and stricter where an administrator is worth more: longer passwords, sessions of a working hour. In seconds. */
const SETTINGS: Readonly<Record<string, boolean | number | string>> = {
  bruteForceProtected: true,
  permanentLockout: false,
  failureFactor: 5,
  waitIncrementSeconds: 60,
  maxFailureWaitSeconds: 900,
  minimumQuickLoginWaitSeconds: 60,
  quickLoginCheckMilliSeconds: 1000,
  maxDeltaTimeSeconds: 43_200,
  // As Keycloak itself writes it.
  passwordPolicy: 'length(14) and notUsername(undefined) and passwordHistory(3)',
  registrationAllowed: false,
  rememberMe: false,
  resetPasswordAllowed: false,
  ssoSessionIdleTimeout: 900,
  ssoSessionMaxLifespan: 3_600,
  eventsEnabled: true,
  eventsExpiration: 2_592_000,
  adminEventsEnabled: true,
  // Bodies of changes name people and hold secrets: who changed what is enough.
  adminEventsDetailsEnabled: false,
}

/**
 * Brings the realm to {@link SETTINGS}. Safe to repeat.
 *
 * @returns The names of what was changed.
 */
export async function hardenMaster(admin: KeycloakAdmin): Promise<readonly string[]> {
  const call = await adminSession(admin)
  const before = z.looseObject({}).parse(await call('GET', REALM))
  const changed = Object.keys(SETTINGS).filter((name) => before[name] !== SETTINGS[name])
  // Whole: of a part, Keycloak resets what is not in it.
  if (changed.length > 0) await call('PUT', REALM, { ...before, ...SETTINGS })
  return changed
}
