/**
 * Token exchange (RFC 8693), as the realm allows it: a service turns a person's token, which was issued for it, into one for another service. The
 * actor is the `azp` of the new token; there is no `act`, and `actor_token` is ignored, as by Keycloak.
 *
 * @module
 */
import type Provider from 'oidc-provider'
import { type Client, errors, type ResourceServer } from 'oidc-provider'
import { audiencesOf } from './claims.ts'
import type { OwnAccessToken, OwnTokens } from './own-tokens.ts'
import { EXCHANGEABLE } from './realm.ts'
import { RESOURCE, resourceServer } from './resource.ts'
import type { StoredSession } from './sessions.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const PARAMETERS = [
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'requested_subject',
  'actor_token',
  'actor_token_type',
  'audience',
  'scope',
]

/** Audience that an exchange asked for, by token: read when the token's claims are made. */
const askedAudience = new WeakMap<object, string>()

/** The audience that the exchange of this token asked for; `undefined` for any other token. */
export function exchangedAudience(token: object): string | undefined {
  return askedAudience.get(token)
}

/** Adds the grant type to the provider. */
export function registerTokenExchange(
  provider: Provider,
  ownTokens: OwnTokens,
  audiences: ReadonlyMap<string, string>,
): void {
  provider.registerGrantType(
    TOKEN_EXCHANGE,
    async (ctx) => {
      const parameters = checkTypes(ctx.oidc.params)
      const subject = await ownTokens.readAccessToken(parameters.subjectToken)
      const exchanged = checkSubject(subject, ctx.oidc.client.clientId)
      const scopes = chosenScopes(parameters, ctx.oidc.client.scope ?? '', audiences)
      const token = newToken(provider, ctx.oidc.client, { ...exchanged, scopes, audiences })
      if (parameters.audience !== undefined) askedAudience.set(token, parameters.audience)
      ctx.oidc.entity('AccessToken', token)
      ctx.body = {
        access_token: await token.save(),
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: token.expiration,
        scope: scopes.join(' '),
      }
    },
    PARAMETERS,
  )
}

interface Parameters {
  readonly subjectToken: string
  readonly audience: string | undefined
  readonly scope: string
}

function checkTypes(params: Readonly<Record<string, unknown>>): Parameters {
  const { subject_token, subject_token_type, requested_token_type, requested_subject, audience, scope } = params
  if (typeof subject_token !== 'string') throw new errors.InvalidRequest('subject_token is missing')
  if (subject_token_type !== ACCESS_TOKEN) throw new errors.InvalidRequest('subject_token_type is not supported')
  if (requested_subject !== undefined) throw new errors.InvalidRequest('requested_subject is not supported')
  if (requested_token_type !== undefined && requested_token_type !== ACCESS_TOKEN)
    throw new errors.InvalidRequest('requested_token_type is not supported')
  return {
    subjectToken: subject_token,
    audience: typeof audience === 'string' ? audience : undefined,
    scope: typeof scope === 'string' ? scope : '',
  }
}

function checkSubject(
  subject: OwnAccessToken | undefined,
  requester: string,
): Pick<Exchanged, 'session' | 'azp' | 'sub' | 'sid'> {
  if (subject === undefined) throw new errors.CustomOIDCProviderError('invalid_token', 'the subject token is not valid')
  const { claims, session } = subject
  if (!EXCHANGEABLE.has(claims.azp))
    throw new errors.InvalidRequest('only tokens that a person signed in for can be exchanged')
  if (!claims.aud.includes(requester)) throw forbidden('the client is not an audience of the token')
  if (session === undefined || claims.sid === undefined)
    throw new errors.CustomOIDCProviderError('invalid_token', 'the session has ended')
  return { session, azp: claims.azp, sub: claims.sub, sid: claims.sid }
}

/** RFC 6749 has 400 for `access_denied`; Keycloak answers 403. */
function forbidden(description: string): Error {
  const error = new errors.AccessDenied(description)
  return Object.assign(error, { status: 403, statusCode: 403 })
}

function chosenScopes(
  { scope, audience }: Parameters,
  allowedScope: string,
  audiences: ReadonlyMap<string, string>,
): readonly string[] {
  const scopes = scope.split(' ').filter((name) => name !== '' && name !== 'openid')
  const allowed = allowedScope.split(' ')
  const unknown = scopes.find((name) => !allowed.includes(name))
  if (unknown !== undefined) throw new errors.InvalidScope('the client may not ask for this scope', unknown)
  if (scopes.length === 0) throw new errors.InvalidScope('a scope is needed: it decides the audience', scope)
  if (audience !== undefined && !audiencesOf(scopes, audiences).includes(audience))
    throw new errors.InvalidRequest('the requested audience is not available by the requested scope')
  return scopes
}

/** What the published types of the provider leave out. */
interface UntypedMembers {
  readonly ResourceServer: new (identifier: string, data: ResourceServer) => ServerOfToken
}

type ServerOfToken = NonNullable<InstanceType<Provider['AccessToken']>['resourceServer']>

interface Exchanged {
  readonly session: StoredSession
  /** Client of the subject token. */
  readonly azp: string
  readonly audiences: ReadonlyMap<string, string>
  readonly sub: string
  readonly sid: string
  readonly scopes: readonly string[]
}

function newToken(
  provider: Provider,
  client: Client,
  { session, azp, sub, sid, scopes, audiences }: Exchanged,
): InstanceType<Provider['AccessToken']> {
  const { ResourceServer } = provider as unknown as UntypedMembers
  return new provider.AccessToken({
    accountId: sub,
    client,
    expiresWithSession: true,
    grantId: session.authorizations[azp]?.grantId ?? '',
    gty: 'token_exchange',
    sessionUid: session.uid,
    sid,
    scope: scopes.join(' '),
    resourceServer: new ResourceServer(RESOURCE, resourceServer(audiences.keys())),
  })
}
