/**
 * The realm as data: clients, scopes, lifetimes and limits, the same as in `keycloak/realm.json`. `test/unit/realm-alike.test.ts` compares the two.
 *
 * @module
 */

/** Path of the realm below the server's origin, as Keycloak has it. The rest of the services derives endpoint URLs from it. */
export const REALM_PATH = '/realms/mandate'

const ENDPOINTS = '/protocol/openid-connect'
/** Paths below the issuer, as Keycloak has them. */
export const PATHS = {
  authorization: `${ENDPOINTS}/auth`,
  token: `${ENDPOINTS}/token`,
  jwks: `${ENDPOINTS}/certs`,
  revocation: `${ENDPOINTS}/revoke`,
  userinfo: `${ENDPOINTS}/userinfo`,
  logout: `${ENDPOINTS}/logout`,
  deviceAuthorization: `${ENDPOINTS}/auth/device`,
  device: '/device',
  signIn: '/sign-in',
} as const

/** Scope → audience of the token. A token's `aud` follows from its scopes. */
export const AUDIENCES: ReadonlyMap<string, string> = new Map([
  ['trips', 'trips'],
  ['care', 'care'],
  ['pdp', 'pdp'],
  ['audit', 'pdp'],
  ['booking-agent', 'booking-agent'],
])

/** Audience whose tokens have `roles` and `amr`. */
export const ROLES_AUDIENCE = 'pdp'

/** Roles that the PDP knows. Their holders need a one-time code at every sign-in. */
export const ROLES = ['auditor', 'operator', 'persona-admin'] as const
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number]

/**
 * `native`: public, on a loopback redirect, refresh tokens bound by DPoP, never signed in by the browser's session alone. `web`: confidential, with a
 * browser's session. `service`: client credentials and token exchange. `audience`: no flow at all.
 */
export type ClientKind = 'native' | 'web' | 'service' | 'audience'

/** How a client signs in, and what its tokens may contain. Its secret and URLs are in the data folder. */
export interface RealmClient {
  readonly clientId: string
  readonly kind: ClientKind
  /** Scopes it may ask for besides `openid`. */
  readonly scopes: readonly string[]
  /** Roles that its tokens may carry. */
  readonly roles: readonly Role[]
  /** Its name on the page of the device authorization grant; absent where it does not have that grant. */
  readonly deviceName?: string
}

/** Every enabled client of the realm, in the order of `keycloak/realm.json`. */
export const CLIENTS: readonly RealmClient[] = [
  { clientId: 'desktop', kind: 'native', scopes: ['trips', 'care', 'pdp', 'booking-agent'], roles: ROLES },
  { clientId: 'auditor', kind: 'web', scopes: ['audit'], roles: ['auditor'] },
  { clientId: 'console', kind: 'web', scopes: ['pdp'], roles: ROLES },
  {
    clientId: 'mandate-cli',
    kind: 'native',
    scopes: ['trips', 'care', 'pdp', 'audit', 'booking-agent'],
    roles: ROLES,
    deviceName: 'mandate, the command line',
  },
  { clientId: 'pdp', kind: 'audience', scopes: [], roles: [] },
  { clientId: 'trips', kind: 'service', scopes: ['pdp'], roles: [] },
  { clientId: 'care', kind: 'service', scopes: ['pdp'], roles: [] },
  { clientId: 'booking-agent', kind: 'service', scopes: ['trips', 'pdp'], roles: [] },
]

/** Clients of the realm that have a secret. */
export type ConfidentialClient = 'pdp' | 'auditor' | 'console' | 'trips' | 'care' | 'booking-agent'

/** The clients whose tokens can be exchanged, those that people sign in at: neither exchanged tokens nor a service's own can. */
export const EXCHANGEABLE: ReadonlySet<string> = new Set(['desktop', 'mandate-cli'])

/** Paths on 127.0.0.1, on any port (RFC 8252, section 7.3). */
export const CALLBACK_PATH = '/callback'
/** Where a client's callback is, if not at {@link CALLBACK_PATH}: the console is served beside the auditor's page. */
export const CALLBACK_PATHS: ReadonlyMap<string, string> = new Map([['console', '/console/callback']])
export const LOGGED_OUT_PATH = '/logged-out'

/** Lifetimes in seconds. `proof` is of a DPoP proof, to either side: Keycloak's ten seconds and its tolerance of fifteen. */
export const LIFETIMES = { accessToken: 300, code: 60, signIn: 600, idle: 1_800, session: 28_800, proof: 25 } as const

/** Device authorization grant: how long a code may be typed, and how often a program may ask whether it was. In seconds. */
export const DEVICE = { lifetimeS: 300, intervalS: 2 } as const

/** Limits against guessing of passwords and codes: times in milliseconds. */
export const GUESSING = {
  /** Failures after which a login is locked, longer with every further such number. */
  failures: 5,
  lockMs: 60_000,
  maxLockMs: 900_000,
  /** Two failures within this time lock at once. */
  quickMs: 1_000,
  /** Failures are forgotten after this time without one. */
  forgetMs: 43_200_000,
} as const

/** Limits against guessing of user codes, of all browsers together: a page of the device authorization grant does not know yet who types. */
export const CODE_GUESSING = { failures: 10, withinMs: 60_000 } as const

/** Fewest characters of a password. */
export const MIN_PASSWORD = 12

/** Whether a client is a native app: public, with refresh tokens that are bound to a key. */
export function isNative(clientId: string | undefined): boolean {
  return clientOf(clientId)?.kind === 'native'
}

/** Finds a client of the realm. */
export function clientOf(clientId: string | undefined): RealmClient | undefined {
  return CLIENTS.find((client) => client.clientId === clientId)
}
