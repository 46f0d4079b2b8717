/**
 * Keycloak for Mandate: the realm file, the people of the demo, admin tasks, and sign-in without a browser.
 *
 * @module
 */
export { type AdminCall, adminSession, type KeycloakAdmin } from './admin.ts'
export {
  answerDevice,
  type Credentials,
  type DeviceAnswer,
  type DeviceAnswered,
  formBrowser,
  SignInRefusedError,
} from './form-login.ts'
export { addHost, hostObjection, type NewHost } from './hosts.ts'
export { hardenMaster } from './master.ts'
export { generatePeople, type PdpRole, PEOPLE } from './people.ts'
export { deleteUser, provisionPeople, readClientSecrets } from './provision.ts'
export { REALM_FILE } from './realm-file.ts'
export { addRealm, type NewRealm, removeRealm } from './realms.ts'
export { addService, type NewService, removeService } from './services.ts'
export { totpCode } from './totp.ts'

/** Names of the secrets in {@link REALM_FILE}. An unset one is imported literally, as `${NAME}`. */
export const REALM_SECRETS = [
  'PAIRWISE_SALT',
  'PDP_CLIENT_SECRET',
  'AUDITOR_CLIENT_SECRET',
  'CONSOLE_CLIENT_SECRET',
  'TRIPS_CLIENT_SECRET',
  'CARE_CLIENT_SECRET',
  'BOOKING_AGENT_CLIENT_SECRET',
] as const
