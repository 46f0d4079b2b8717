/**
 * An OpenID provider on Node alone, in place of Keycloak for demos and tests: the same clients, tokens and refusals as `keycloak/realm.json`.
 * Start it with `node issuer/src/main.ts`.
 *
 * @module
 */
export type { AddedService } from './added-services.ts'
export { type IssuerAdmin, openIssuerAdmin, type RealmSettings } from './admin.ts'
export { DIFFERENCES, type Difference } from './differences.ts'
export type { AddedHost } from './hosts.ts'
export { issuerAt } from './issuer-url.ts'
export type { NewPerson } from './people.ts'
export {
  AUDIENCES,
  CALLBACK_PATH,
  CALLBACK_PATHS,
  CLIENTS,
  type ClientKind,
  type ConfidentialClient,
  DEVICE,
  GUESSING,
  LIFETIMES,
  type RealmClient,
  type Role,
} from './realm.ts'
