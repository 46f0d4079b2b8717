/**
 * Tokens of identity providers as they are: issuers with and without a slash at their end, claims by other names, and every allowed algorithm. Each is
 * signed with a real key and verified with the keys that a real HTTP issuer names in its discovery document.
 *
 * @module
 */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { keycloak } from './keycloak.ts'
import type { PepOptions } from './options.ts'
import { createPep } from './pep.ts'
import { type Algorithm, auth0, entra, type IdentityProvider, okta } from './provider.ts'
import { quiet } from './quiet.fixture.ts'
import {
  listen,
  sendJson,
  startTestIssuer,
  startTestPdp,
  stop,
  type TestIssuer,
  type TestIssuerOptions,
} from './testing.ts'

const resource = { type: 'note', id: 'n1' }
const PERSON = '00u1a2b3'

/** A service with an issuer of some shape. */
async function serving(shape: TestIssuerOptions, options: Partial<PepOptions> = {}) {
  const issuer = await startTestIssuer(shape)
  const pdp = await startTestPdp()
  const credentials = { apiKey: 'key' }
  const pep = createPep({
    issuer: issuer.issuer,
    audience: 'notes',
    pdpUrl: pdp.url,
    credentials,
    logger: quiet,
    ...options,
  })
  onTestFinished(async () => {
    await Promise.all([pep.close(), pdp.close(), issuer.close()])
  })
  const bearer = async (token: string, headers: Readonly<Record<string, string>> = {}) =>
    await pep.decide({ headers: { authorization: `Bearer ${token}`, ...headers }, action: 'read', resource })
  const status = async (claims: JWTPayload, header: object = {}) => {
    const decided = await bearer(await issuer.sign(claims, header))
    return decided.permitted ? 200 : decided.status
  }
  const caller = async (claims: JWTPayload, header: object = {}) => {
    const decided = await bearer(await issuer.sign(claims, header))
    if (!decided.permitted) throw new Error(`${decided.status} ${JSON.stringify(decided.problem)}`)
    const { subject, actor, azp, scopes, persona } = decided.authz
    return { subject, actor, azp, scopes, persona }
  }
  return { issuer, pdp, bearer, status, caller }
}

/** Leaves out what the test issuer puts into tokens and other issuers do not. */
const BARE = { azp: undefined, typ: undefined, sid: undefined, jti: undefined, sub: undefined } as unknown as JWTPayload
const user = { type: 'user', id: PERSON }
const bot = { type: 'agent', id: 'bot' }

interface Shape {
  readonly name: string
  readonly path: string
  readonly audience: string
  readonly provider: IdentityProvider
  readonly header: object
  /** Claims of a person's token, by the client. */
  readonly person: (client: string) => JWTPayload
  readonly own: JWTPayload
  /** As the issuer writes an ID token for the same audience. */
  readonly idToken: JWTPayload
}

const SHAPES: readonly Shape[] = [
  {
    name: 'Auth0: a slash at the end of the issuer, a URL as the audience',
    path: '/',
    audience: 'https://notes.example/',
    provider: auth0({ otherAudiences: ['https://tenant.eu.auth0.com/userinfo'] }),
    header: { typ: 'JWT' },
    person: (azp) => ({ sub: PERSON, azp, scope: 'openid read:notes', gty: 'password' }),
    own: { sub: 'bot@clients', azp: 'bot', gty: 'client-credentials' },
    idToken: { sub: PERSON, azp: 'desktop', nonce: 'n', sid: 's' },
  },
  {
    name: 'Entra ID: a tenant’s issuer of version 2.0, a GUID as the audience',
    path: '/0bcbf6e6-0000-4000-8000-1d2a5a6c7c10/v2.0',
    audience: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
    provider: entra(),
    header: { typ: 'JWT' },
    person: (azp) => ({ sub: 'pairwise', oid: PERSON, azp, scp: 'openid read:notes', ver: '2.0' }),
    own: { sub: 'sp', oid: 'sp', azp: 'bot', idtyp: 'app', ver: '2.0' },
    idToken: { sub: 'pairwise', oid: PERSON, azp: 'desktop', scp: 'x', nonce: 'n' },
  },
  {
    name: 'Okta: a custom authorization server',
    path: '/oauth2/default',
    audience: 'api://notes',
    provider: okta(),
    header: { typ: undefined },
    person: (cid) => ({ sub: 'carlo@example.com', uid: PERSON, cid, scp: ['openid', 'read:notes'], ver: 1 }),
    own: { sub: 'bot', cid: 'bot', scp: ['read:notes'] },
    idToken: { sub: PERSON, uid: PERSON, cid: 'desktop', at_hash: 'h' },
  },
  {
    name: 'RFC 9068, with client_id',
    path: '/tenant',
    audience: 'notes',
    provider: {},
    header: { typ: 'application/at+jwt' },
    person: (client_id) => ({ sub: PERSON, client_id, scope: 'openid read:notes', jti: 'j' }),
    own: { sub: 'bot', client_id: 'bot', jti: 'j' },
    idToken: { sub: PERSON, client_id: 'desktop', jti: 'j', typ: 'ID' },
  },
]

test.for(SHAPES)('$name', async ({ path, audience: aud, provider, header, person, own, idToken }) => {
  const { issuer, status, caller, pdp } = await serving({ path }, { audience: aud, provider })
  const signed = (claims: JWTPayload) => ({ ...BARE, aud, ...claims })
  expect(await caller(signed(person('desktop')), header)).toMatchObject({
    subject: user,
    actor: undefined,
    scopes: ['openid', 'read:notes'],
  })
  expect(await caller(signed(person('bot')), header)).toMatchObject({ subject: user, actor: bot, azp: 'bot' })
  expect(await caller(signed(own), header)).toMatchObject({ subject: bot, actor: undefined })
  expect(pdp.asked).toHaveLength(3)
  // Nothing is normalised: another spelling is another issuer, or another audience.
  const good = signed(person('desktop'))
  const { issuer: iss } = issuer
  expect(await status({ ...good, iss: iss.endsWith('/') ? iss.slice(0, -1) : `${iss}/` }, header)).toBe(401)
  expect(await status({ ...good, iss: iss.toUpperCase() }, header)).toBe(401)
  expect(await status({ ...good, aud: aud.endsWith('/') ? aud.slice(0, -1) : `${aud}/` }, header)).toBe(401)
  expect(await status({ ...good, aud: aud.toUpperCase() }, header)).toBe(401)
  expect(await status({ ...good, aud: [aud, 'another'] }, header)).toBe(401)
  expect(await status({ ...signed(idToken) }, header)).toBe(401)
  expect(await status({ ...good, ...{ client_id: undefined, azp: undefined, cid: undefined } }, header)).toBe(401)
  expect(pdp.asked).toHaveLength(3)
})

test('why a token is refused is in the log, once a reason, without the token or its claims', async () => {
  const lines: unknown[] = []
  const logger = { warn: (...line: readonly unknown[]) => void lines.push(line), error: () => undefined }
  const { status } = await serving({}, { logger })
  const claims = { aud: 'notes', sub: 'person-of-the-test' }
  for (let times = 0; times < 2; times += 1) {
    expect(await status(claims, { typ: 'JWT' })).toBe(401)
    expect(await status({ ...claims, aud: 'another' })).toBe(401)
    expect(await status({ ...claims, azp: undefined } as unknown as JWTPayload)).toBe(401)
  }
  expect(lines).toEqual([
    [{ code: 'token_refused' }, 'the token is refused: its type is jwt, not at+jwt'],
    [{ code: 'token_refused' }, 'the token is refused: jose refuses it: unexpected "aud" claim value'],
    [{ code: 'token_refused' }, 'the token is refused: a claim is missing or malformed: azp'],
  ])
})

test.for<readonly [string, IdentityProvider, object, JWTPayload]>([
  ['Auth0, by its RFC 9068 profile', auth0(), {}, { sub: 'bot@clients', client_id: 'bot', jti: 'j' }],
  ['an issuer that names the client `cid`', { tokenType: 'any' }, { typ: 'JWT' }, { sub: 'bot', cid: 'bot' }],
  ['an issuer that names the client `appid`', { tokenType: 'any' }, { typ: 'JWT' }, { sub: 'bot', appid: 'bot' }],
  ['a mapping of the client', { claims: { client: 'app' } }, {}, { sub: 'bot', app: 'bot', jti: 'j' }],
])('a client’s own token is of no person: %s', async ([, provider, header, claims]) => {
  const { caller } = await serving({}, { provider, interactiveClients: ['bot'] })
  expect(await caller({ ...BARE, aud: 'notes', ...claims }, header)).toMatchObject({ subject: bot, actor: undefined })
})

test('Auth0: a person whose id ends as a client’s own is a person', async () => {
  const { caller } = await serving({}, { provider: auth0() })
  const sub = 'samlp|staff|joe@clients'
  expect(await caller({ ...BARE, aud: 'notes', sub, azp: 'desktop' }, { typ: 'JWT' })).toMatchObject({
    subject: { type: 'user', id: sub },
  })
})

test('an audience beside the own one is allowed by its name only', async () => {
  const userinfo = 'https://tenant.eu.auth0.com/userinfo'
  const { status } = await serving({ path: '/' }, { provider: auth0({ otherAudiences: [userinfo] }) })
  expect(await status({ aud: ['notes', userinfo] })).toBe(200)
  expect(await status({ aud: [userinfo] })).toBe(401)
  expect(await status({ aud: ['notes', `${userinfo}/`] })).toBe(401)
})

test.for<readonly [Algorithm]>([['RS256'], ['PS256'], ['ES256'], ['EdDSA']])(
  '%s counts where it is listed, and nowhere else',
  async ([algorithm]) => {
    const all = await serving({ algorithm })
    expect(await all.status({ aud: 'notes' })).toBe(200)
    const others = (['RS256', 'PS256', 'ES256', 'EdDSA'] as const).filter((each) => each !== algorithm)
    const without = await serving({ algorithm }, { provider: { algorithms: others } })
    expect(await without.status({ aud: 'notes' })).toBe(401)
  },
)

test('no algorithm without a signature, or with a shared secret, can be listed or used', async () => {
  for (const algorithm of ['none', 'HS256', 'HS512', 'RS1'])
    expect(() =>
      createPep({
        issuer: 'https://id.example',
        audience: 'notes',
        pdpUrl: 'https://pdp.example',
        credentials: { apiKey: 'key' },
        provider: { algorithms: [algorithm as Algorithm] },
      }),
    ).toThrow(/algorithms/u)
  const { issuer, bearer } = await serving({})
  const claims = { iss: issuer.issuer, aud: 'notes', sub: 'ada', azp: 'desktop', jti: 'j' }
  const none = new UnsecuredJWT(claims).setIssuedAt().setExpirationTime('5m').encode()
  const shared = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'test-key' })
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode('a secret of thirty-two characters'))
  for (const token of [none, shared]) expect((await bearer(token)).permitted).toBe(false)
  const stranger = await generateKeyPair('RS256')
  expect((await bearer(await issuer.sign({ aud: 'notes' }, {}, stranger.privateKey))).permitted).toBe(false)
})

test('claims are read as the mapping says: subject, client, actor, persona, scopes, service', async () => {
  const provider: IdentityProvider = {
    claims: {
      subject: 'https://example.com/person',
      client: ['app', 'azp'],
      actor: ({ act }) => (act as { sub?: string } | undefined)?.sub,
      persona: 'https://example.com/persona',
      scopes: 'permissions',
      service: ({ kind }) => kind === 'machine',
    },
  }
  const { caller, status, bearer, issuer } = await serving({}, { provider })
  const claims = { aud: 'notes', 'https://example.com/person': PERSON, app: 'desktop', permissions: ['a', 'b'] }
  expect(await caller(claims)).toMatchObject({ subject: user, actor: undefined, azp: 'desktop', scopes: ['a', 'b'] })
  // The actor that a token names counts at an interactive client too.
  expect(await caller({ ...claims, act: { sub: 'bot' } })).toMatchObject({ subject: user, actor: bot })
  expect(await caller({ ...claims, app: 'bot', kind: 'machine' })).toMatchObject({ subject: bot })
  const bound = { ...claims, 'https://example.com/persona': 'writer/home' }
  expect(await caller(bound)).toMatchObject({ persona: 'writer/home' })
  expect(await status({ ...claims, 'https://example.com/persona': 'king' })).toBe(401)
  const decided = async (persona: string) =>
    await bearer(await issuer.sign(bound), { 'mandate-persona': persona }).then((it) => it.permitted || it.status)
  expect([await decided('writer/home'), await decided('writer/club')]).toEqual([true, 400])
})

test.for<readonly [string, JWTPayload, object]>([
  ['JWT', {}, { typ: 'JWT' }],
  ['no type', {}, { typ: undefined }],
  ['no jti', { jti: undefined } as unknown as JWTPayload, {}],
])('by default a token is one of RFC 9068: 401 for %s', async ([, claims, header]) => {
  const { status } = await serving({})
  expect(await status({ aud: 'notes', ...claims }, header)).toBe(401)
})

test.for<readonly [string, JWTPayload, object]>([
  ['of a DPoP proof', {}, { typ: 'dpop+jwt' }],
  ['of a logout token', {}, { typ: 'logout+jwt' }],
  ['with the events of a logout token', { events: {} }, { typ: 'JWT' }],
  ['with a nonce', { nonce: 'n' }, { typ: 'JWT' }],
  ['with at_hash', { at_hash: 'h' }, { typ: undefined }],
  ['bound to a key', { cnf: { jkt: 'x' } }, { typ: 'JWT' }],
  ['of a refresh token', { typ: 'Refresh' }, { typ: 'JWT' }],
])('any kind of access token is no token %s', async ([, claims, header]) => {
  const { status } = await serving({}, { provider: { tokenType: 'any' } })
  expect(await status({ aud: 'notes' }, { typ: 'JWT' })).toBe(200)
  expect(await status({ aud: 'notes', ...claims }, header)).toBe(401)
})

test('a token is too old by the provider’s measure', async () => {
  const now = Math.floor(Date.now() / 1_000)
  const old = { aud: 'notes', iat: now - 3_600 }
  expect(await (await serving({})).status(old)).toBe(401)
  expect(await (await serving({}, { provider: { maxTokenAgeSeconds: 7_200 } })).status(old)).toBe(200)
})

/** An issuer whose discovery document is what a test says. */
async function discovered(documentOf: (issuer: string) => object, path = '') {
  const asked: string[] = []
  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    sendJson(res, 200, documentOf(url + path))
  })
  const url = await listen(server)
  onTestFinished(() => stop(server))
  return { issuer: url + path, asked }
}

test.for<readonly [string, (issuer: string) => object]>([
  ['is of another issuer', (issuer) => ({ issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` })],
  ['names no keys', (issuer) => ({ issuer })],
  ['sends tokens’ keys in plain HTTP over a network', (issuer) => ({ issuer, jwks_uri: 'http://id.example/keys' })],
])('503, never a permit: a discovery document that %s', async ([, documentOf]) => {
  const { issuer, asked } = await discovered(documentOf, '/tenant')
  const real = await serving({}, { issuer })
  const decided = await real.bearer(await real.issuer.sign({ aud: 'notes', iss: issuer }))
  expect(decided).toMatchObject({ permitted: false, status: 503, problem: { code: 'identity_unavailable' } })
  expect(asked).toEqual(['/tenant/.well-known/openid-configuration'])
})

test('the document is read once, and read again after a failure', async () => {
  const { issuer, status } = await serving({ path: '/tenant' })
  issuer.breakWith((res) => void res.writeHead(502).end())
  expect(await status({ aud: 'notes' })).toBe(503)
  issuer.breakWith(undefined)
  for (let times = 0; times < 3; times += 1) expect(await status({ aud: 'notes' })).toBe(200)
  expect(issuer.hits.get('/tenant/.well-known/openid-configuration')).toBe(2)
  expect(issuer.hits.get('/tenant/protocol/openid-connect/certs')).toBe(1)
})

test('keycloak() needs a realm, and asks for no document', async () => {
  expect(() =>
    createPep({
      issuer: 'https://id.example/tenant',
      audience: 'notes',
      pdpUrl: 'https://pdp.example',
      credentials: { apiKey: 'key' },
      provider: keycloak(),
    }),
  ).toThrow('keycloak: issuer must be <base>/realms/<realm>')
  const { issuer, status } = await serving({}, { provider: keycloak() })
  expect(await status({ aud: 'notes' })).toBe(200)
  expect([...issuer.hits.keys()]).toEqual(['/realms/test/protocol/openid-connect/certs'])
})

/** A service that asks its PDP with a token of its own; what its token request was. */
async function ownToken(issuer: Pick<TestIssuer, 'issuer'>, more: Partial<PepOptions>) {
  const requests: { form: Record<string, string>; authorization: string | undefined }[] = []
  const tokenServer = createServer(async (req, res) => {
    const form = Object.fromEntries(new URLSearchParams(await text(req)))
    requests.push({ form, authorization: req.headers.authorization })
    sendJson(res, 200, { access_token: 'own', token_type: 'Bearer', expires_in: 300 })
  })
  const tokenEndpoint = `${await listen(tokenServer)}/oauth/token`
  const pdp = await startTestPdp()
  const credentials = { clientId: 'notes', clientSecret: 's3:cret', tokenEndpoint, ...more.credentials }
  const { issuer: iss } = issuer
  const pep = createPep({ issuer: iss, audience: 'notes', pdpUrl: pdp.url, ...more, credentials } as PepOptions)
  onTestFinished(async () => {
    await Promise.all([pep.close(), pdp.close(), stop(tokenServer)])
  })
  const ask = async (token: string) =>
    await pep.decide({ headers: { authorization: `Bearer ${token}` }, action: 'read', resource })
  return { ask, pdp, requests }
}

test('the service’s own token comes from any token endpoint, with the parameters that the issuer wants', async () => {
  const issuer = await startTestIssuer({ path: '/' })
  onTestFinished(() => issuer.close())
  const basic = await ownToken(issuer, { pdpTokenRequest: { audience: 'https://pdp.example/' } })
  const post = await ownToken(issuer, { credentials: { method: 'client_secret_post' } as never })
  const token = await issuer.sign({ aud: 'notes' })
  expect(await basic.ask(token)).toMatchObject({ permitted: true })
  expect(await post.ask(token)).toMatchObject({ permitted: true })
  expect(basic.pdp.asked[0]?.headers.authorization).toBe('Bearer own')
  expect(basic.requests).toEqual([
    {
      form: { grant_type: 'client_credentials', audience: 'https://pdp.example/' },
      authorization: `Basic ${Buffer.from('notes:s3%3Acret').toString('base64')}`,
    },
  ])
  const secret = { client_id: 'notes', client_secret: 's3:cret' }
  expect(post.requests).toEqual([{ form: { grant_type: 'client_credentials', scope: 'pdp', ...secret } }])
})
