/**
 * Starts and stops the real servers, for `npm start` and for the tests.
 *
 * @module
 */
export {
  type AddedToDemo,
  type AddedToKeycloak,
  addServiceToDemo,
  addServiceToKeycloak,
  removeServiceFromDemo,
  type ServiceRequest,
  servicesOfDemo,
} from './add-service.ts'
export { cached, cacheFolder } from './cache.ts'
export { desktopSettings } from './desktop-settings.ts'
export {
  type EmbeddedIssuer,
  type EmbeddedIssuerOptions,
  provisionEmbeddedPeople,
  startEmbeddedIssuer,
} from './embedded-issuer.ts'
export { MissingToolError, StartError } from './errors.ts'
export { type FetchedPiece, type FindOptions, fetchTool, toolSources } from './fetch-piece.ts'
export { findGo } from './find-go.ts'
export { findKeycloak, type KeycloakDistribution } from './find-keycloak.ts'
export { findOpenFga } from './find-openfga.ts'
export { findPostgres } from './find-postgres.ts'
export type { Identity, IdentityServer, IssuerKind } from './identity.ts'
export { type Keycloak, type KeycloakOptions, startKeycloak } from './keycloak.ts'
export { freePort, isFree } from './net.ts'
export { type OpenFga, type OpenFgaEngine, type OpenFgaOptions, startOpenFga } from './openfga.ts'
export { buildDesktopPage, buildPage, buildPlaygroundPage, DESKTOP_PAGE } from './page.ts'
export { createPostgresDatabase, type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
export type { Standby } from './postgres-standby.ts'
export { createProgress, type Progress } from './progress.ts'
export { runCommand, tryCommand } from './run-command.ts'
export { loadSecrets, type Secrets } from './secrets.ts'
export { type Service, type ServiceOptions, spawnService } from './service.ts'
export type { ServiceName } from './settings.ts'
export { type Stack, type StackOptions, startStack } from './stack.ts'
export { writeRun } from './state.ts'
export { type StoryContext, tellStory } from './story.ts'
export type { StoryResult } from './story-wire.ts'
