/**
 * The realm, the people of the story, and a way to sign in without a browser.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'

export { type AdminCall, adminSession, type KeycloakAdmin } from './admin.ts'
export { type Credentials, formBrowser, SignInRefusedError } from './form-login.ts'
export { hardenMaster } from './master.ts'
export { generatePeople, PEOPLE } from './people.ts'
export { deleteUser, provisionPeople, readClientSecrets } from './provision.ts'
export { totpCode } from './totp.ts'

/**
 * The realm to import. Every secret in it is a `${NAME}` that Keycloak fills from its environment, and so are `PDP_LOGOUT_URL`, where the PDP
 * is told that a session ended, and `AUDITOR_PUBLIC_URL`, where the auditor's page is. (The realm's own policies let nobody change those clients afterwards.)
 */
export const REALM_FILE = fileURLToPath(new URL('../realm.json', import.meta.url))

/** The names that {@link REALM_FILE} takes from the environment; Keycloak imports an unset one literally. */
export const REALM_SECRETS = [
  'PAIRWISE_SALT',
  'PDP_CLIENT_SECRET',
  'AUDITOR_CLIENT_SECRET',
  'TRIPS_CLIENT_SECRET',
  'CARE_CLIENT_SECRET',
  'BOOKING_AGENT_CLIENT_SECRET',
] as const
