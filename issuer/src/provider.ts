/**
 * `oidc-provider`, configured as the realm.
 *
 * @module
 */
import { createHmac } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { type Configuration, errors, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { SqliteAdapter } from './adapter.ts'
import { audiencesOfRealm } from './added-services.ts'
import { factsAsClaims, type TokenFacts } from './claims.ts'
import { checkDeviceCode, deviceFlow, WrongCodes } from './device.ts'
import { exchangedAudience, registerTokenExchange } from './exchange.ts'
import { type SigningKey, secretOf, signingKeys } from './keys.ts'
import { createOwnTokens, type OwnTokens } from './own-tokens.ts'
import { errorPage } from './pages.ts'
import { People } from './people.ts'
import { ACR, checkRequest, signInPolicy } from './policy.ts'
import { PROOF_ALGORITHMS } from './proof.ts'
import { DEVICE, LIFETIMES, PATHS, REALM_PATH } from './realm.ts'
import { RESOURCE, resourceServer } from './resource.ts'
import { mayRevoke } from './revocation.ts'
import { sessionByUid } from './sessions.ts'
import { addTokenRules, checkScope, secondsLeft } from './token-endpoint.ts'

/** A provider with the keys it was made with. */
export interface RealmProvider {
  readonly provider: Provider
  readonly ownTokens: OwnTokens
}

/**
 * Creates the provider. A new key or service needs a new provider; everything else is read from the database with each request.
 *
 * @param wrongCodes - Counted on, so of the server, not of one provider.
 */
export function createProvider(
  issuer: string,
  database: DatabaseSync,
  wrongCodes: WrongCodes = new WrongCodes(),
): RealmProvider {
  const keys = signingKeys(database)
  const audiences = audiencesOfRealm(database)
  const ownTokens = createOwnTokens(issuer, keys, database)
  const provider = new Provider(issuer, {
    ...storage(issuer, database, keys),
    ...rules(issuer, keys, audiences, wrongCodes),
    ...claims(database, audiences),
    renderError: (ctx, { error_description, error }) => {
      ctx.type = 'html'
      ctx.body = errorPage(error_description ?? error)
    },
  })
  registerTokenExchange(provider, ownTokens, audiences)
  addTokenRules(provider, database)
  return { provider, ownTokens }
}

function storage(issuer: string, database: DatabaseSync, keys: readonly SigningKey[]): Configuration {
  const { port } = new URL(issuer)
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true } as const
  return {
    adapter: (name: string) => new SqliteAdapter(database, name),
    jwks: { keys: keys.map((key) => ({ ...key })) } as NonNullable<Configuration['jwks']>,
    // A browser has one cookie jar for all ports of 127.0.0.1: by path, so that fewer servers get them, and by name, so that two issuers do not overwrite
    // each other's.
    cookies: {
      names: { session: `session-${port}`, interaction: `sign-in-${port}`, resume: `resume-${port}` },
      keys: [secretOf(database, 'cookies')],
      long: { ...cookie, path: REALM_PATH },
      short: cookie,
    },
  }
}

type Audiences = ReadonlyMap<string, string>

function rules(
  issuer: string,
  [newest]: readonly SigningKey[],
  audiences: Audiences,
  wrongCodes: WrongCodes,
): Configuration {
  return {
    responseTypes: ['code'],
    subjectTypes: ['public'],
    scopes: ['openid', ...audiences.keys()],
    acrValues: Object.values(ACR),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['RS256', 'ES256', 'EdDSA'],
      dPoPSigningAlgValues: [...PROOF_ALGORITHMS],
    },
    pkce: { required: () => true },
    fetch: fetchOnLoopback,
    extraParams: { realm_rules: (ctx) => checkRequest(ctx) },
    discovery: {
      userinfo_endpoint: `${issuer}${PATHS.userinfo}`,
      end_session_endpoint: `${issuer}${PATHS.logout}`,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    },
    routes: {
      authorization: PATHS.authorization,
      token: PATHS.token,
      jwks: PATHS.jwks,
      revocation: PATHS.revocation,
      device_authorization: PATHS.deviceAuthorization,
      code_verification: PATHS.device,
    },
    interactions: {
      policy: signInPolicy(),
      url: (_ctx, { uid }) => `${new URL(issuer).pathname}${PATHS.signIn}/${uid}`,
    },
    loadExistingGrant,
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => true,
    ttl: lifetimes(),
    features: { ...features(issuer, newest, audiences), deviceFlow: deviceFlow(wrongCodes) },
  }
}

/**
 * Only logout tokens are sent, to the PDP on this machine, whose address is in the realm's own clients: the default's guard against addresses that
 * are not public would stop them.
 */
const fetchOnLoopback: NonNullable<Configuration['fetch']> = (url, options) => {
  const { dispatcher: _, ...rest } = { dispatcher: undefined, ...options }
  return fetch(url, rest)
}

function features(
  issuer: string,
  newest: SigningKey | undefined,
  audiences: Audiences,
): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    // oidc-provider's own would look access tokens up, which it does not store in JWT format: see userinfo.ts and logout.ts.
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    revocation: { enabled: true, allowedPolicy: mayRevoke(issuer) },
    clientCredentials: { enabled: true },
    backchannelLogout: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource, client) => {
        checkScope(ctx.oidc.params?.['scope'], client.scope)
        if (resource !== RESOURCE) throw new errors.InvalidTarget()
        const sign = { alg: 'RS256', ...(newest && { kid: newest.kid }) } as const
        return { ...resourceServer(audiences.keys()), jwt: { sign } }
      },
    },
  }
}

/** In seconds. */
function lifetimes(): NonNullable<Configuration['ttl']> {
  return {
    AccessToken: LIFETIMES.accessToken,
    ClientCredentials: LIFETIMES.accessToken,
    IdToken: LIFETIMES.accessToken,
    AuthorizationCode: LIFETIMES.code,
    DeviceCode: DEVICE.lifetimeS,
    Interaction: LIFETIMES.signIn,
    Grant: LIFETIMES.session,
    RefreshToken: (_ctx, token) => secondsLeft(token.authTime),
    Session: (_ctx, session) => secondsLeft(session.loginTs),
  }
}

/** Grants what is asked for: `checkRequest` has refused what the client may not ask for. */
async function loadExistingGrant(ctx: KoaContextWithOIDC): Promise<InstanceType<Provider['Grant']> | undefined> {
  const { client, session, account, provider } = ctx.oidc
  if (client === undefined || session === undefined || account === undefined) return undefined
  const { accountId } = account
  const known = session.grantIdFor(client.clientId)
  const stored = known ? await provider.Grant.find(known) : undefined
  const grant = stored?.accountId === accountId ? stored : new provider.Grant({ accountId, clientId: client.clientId })
  const scope = [...ctx.oidc.requestParamScopes].join(' ')
  grant.addOIDCScope(scope)
  grant.addResourceScope(RESOURCE, scope)
  await grant.save()
  return grant
}

function claims(database: DatabaseSync, audiences: Audiences): Configuration {
  const people = new People(database)
  const salt = secretOf(database, 'service-subjects')
  return {
    claims: { openid: ['sub'], acr: null, auth_time: null, iss: null, sid: null },
    conformIdTokenClaims: true,
    findAccount: (ctx, sub, source) => {
      // The first of oidc-provider's hooks that sees the code at the token endpoint.
      checkDeviceCode(ctx, source)
      return people.bySub(sub) === undefined ? undefined : { accountId: sub, claims: () => ({ sub }) }
    },
    formats: {
      customizers: {
        jwt: (_ctx, token, jwt) => {
          const { jti, iat, exp, iss } = jwt.payload
          const facts = factsOf(token, people, database)
          const sub = 'accountId' in token ? token.accountId : subjectOfService(facts.clientId, salt)
          jwt.payload = { jti, iat, exp, iss, sub, ...factsAsClaims({ ...facts, audiences }) }
        },
      },
    },
  }
}

type AnyToken = InstanceType<Provider['AccessToken']> | InstanceType<Provider['ClientCredentials']>

function factsOf(token: AnyToken, people: People, database: DatabaseSync): Omit<TokenFacts, 'audiences'> {
  const { clientId = '', scope = '' } = token
  const base = { clientId, scopes: scope.split(' ').filter((name) => name !== '') }
  if (!('accountId' in token)) return { ...base, sid: undefined, amr: [], roles: [], isExchanged: false }
  return {
    ...base,
    audience: exchangedAudience(token),
    sid: token.sid,
    amr: token.sessionUid === undefined ? [] : (sessionByUid(database, token.sessionUid)?.amr ?? []),
    roles: people.bySub(token.accountId)?.roles ?? [],
    isExchanged: token.gty === 'token_exchange',
  }
}

/** Opaque, and stable as long as the data folder is. */
function subjectOfService(clientId: string, salt: string): string {
  const digest = createHmac('sha256', salt).update(clientId).digest('hex')
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, '$1-$2-$3-$4-$5')
}
