/** The embedded issuer's realm is that of `keycloak/realm.json`: the same clients, scopes, audiences, roles, lifetimes and limits. */
import { readFileSync } from 'node:fs'
import {
  AUDIENCES,
  CALLBACK_PATH,
  CALLBACK_PATHS,
  CLIENTS,
  type ClientKind,
  DEVICE,
  GUESSING,
  LIFETIMES,
} from '@mandate/issuer'
import { REALM_FILE } from '@mandate/keycloak'
import { expect, test } from 'vitest'
import { z } from 'zod'

const mapper = z.looseObject({ protocolMapper: z.string(), config: z.record(z.string(), z.string()) })
const realmSchema = z.looseObject({
  clients: z.array(
    z.looseObject({
      clientId: z.string(),
      name: z.string().optional(),
      attributes: z.record(z.string(), z.string()).default({}),
      enabled: z.boolean(),
      publicClient: z.boolean(),
      standardFlowEnabled: z.boolean(),
      serviceAccountsEnabled: z.boolean(),
      optionalClientScopes: z.array(z.string()),
      redirectUris: z.array(z.string()).default([]),
    }),
  ),
  clientScopes: z.array(z.looseObject({ name: z.string(), protocolMappers: z.array(mapper).default([]) })),
  clientScopeMappings: z.record(z.string(), z.array(z.object({ client: z.string(), roles: z.array(z.string()) }))),
})
const realm = realmSchema.parse(JSON.parse(readFileSync(REALM_FILE, 'utf8')))
const rolesOf = (clientId: string) =>
  realm.clientScopeMappings['pdp']?.find(({ client }) => client === clientId)?.roles ?? []

type KeycloakClient = (typeof realm.clients)[number]

function kindOf({ publicClient, standardFlowEnabled, serviceAccountsEnabled }: KeycloakClient): ClientKind {
  if (standardFlowEnabled) return publicClient ? 'native' : 'web'
  return serviceAccountsEnabled ? 'service' : 'audience'
}

test('the clients, what they may ask for, and whose roles they carry', () => {
  const inKeycloak = realm.clients
    .filter(({ enabled }) => enabled)
    .map((client) => ({
      clientId: client.clientId,
      kind: kindOf(client),
      scopes: client.optionalClientScopes,
      roles: rolesOf(client.clientId),
      ...(client.attributes['oauth2.device.authorization.grant.enabled'] === 'true' && { deviceName: client.name }),
    }))
  expect(CLIENTS).toEqual(inKeycloak)
})

test('the callback path of each client that people sign in at', () => {
  const inKeycloak = realm.clients
    .filter(({ enabled, standardFlowEnabled }) => enabled && standardFlowEnabled)
    .map(({ clientId, redirectUris }) => [
      clientId,
      redirectUris.map((uri) => uri.replace(/^(\$\{AUDITOR_PUBLIC_URL\}|http:\/\/127\.0\.0\.1)/u, '')),
    ])
  const interactive = CLIENTS.filter(({ kind }) => kind === 'native' || kind === 'web')
  expect(interactive.map(({ clientId }) => [clientId, [CALLBACK_PATHS.get(clientId) ?? CALLBACK_PATH]])).toEqual(
    inKeycloak,
  )
})

test('the audience of each scope', () => {
  const inKeycloak = realm.clientScopes.flatMap(({ name, protocolMappers }) =>
    protocolMappers
      .filter(({ protocolMapper }) => protocolMapper === 'oidc-audience-mapper')
      .map(({ config }) => [name, config['included.client.audience']]),
  )
  expect([...AUDIENCES]).toEqual(inKeycloak)
})

test('lifetimes', () => {
  expect(realm).toMatchObject({
    accessTokenLifespan: LIFETIMES.accessToken,
    accessCodeLifespan: LIFETIMES.code,
    accessCodeLifespanLogin: LIFETIMES.signIn,
    ssoSessionIdleTimeout: LIFETIMES.idle,
    ssoSessionMaxLifespan: LIFETIMES.session,
    oauth2DeviceCodeLifespan: DEVICE.lifetimeS,
    oauth2DevicePollingInterval: DEVICE.intervalS,
  })
})

test('limits against guessing', () => {
  expect(realm).toMatchObject({
    bruteForceProtected: true,
    failureFactor: GUESSING.failures,
    waitIncrementSeconds: GUESSING.lockMs / 1_000,
    minimumQuickLoginWaitSeconds: GUESSING.lockMs / 1_000,
    maxFailureWaitSeconds: GUESSING.maxLockMs / 1_000,
    quickLoginCheckMilliSeconds: GUESSING.quickMs,
    maxDeltaTimeSeconds: GUESSING.forgetMs / 1_000,
  })
})
