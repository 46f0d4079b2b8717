/**
 * Where the realm file is.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'

/**
 * Path of the realm file to import. Keycloak replaces `${NAME}` placeholders from its environment: all secrets, `PDP_LOGOUT_URL` (the PDP's back-channel
 * logout endpoint) and `AUDITOR_PUBLIC_URL` (URL of the auditor's page). The realm's client policies forbid changing these clients later.
 */
export const REALM_FILE = fileURLToPath(new URL('../realm.json', import.meta.url))
