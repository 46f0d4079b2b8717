/**
 * Where the embedded issuer differs from Keycloak with `keycloak/realm.json`. Tests of the realm skip these rows with their reason, and the demo prints
 * them at its start.
 *
 * @module
 */

/** What Keycloak does and this issuer does not, by a name that tests refer to. */
export const DIFFERENCES = {
  introspection:
    'tokens cannot be introspected: oidc-provider does not store access tokens in JWT format (the services verify signatures)',
  'master-realm':
    'there is no administration over HTTP, so no master realm to protect: it is administered by its data folder',
  'no-date-header': 'responses have a Date header, so the desktop needs no signed response to measure the clock',
  'logout-without-hint': 'signing out needs an id_token_hint: there is no page that asks',
  'external-server':
    'it is not configured by KEYCLOAK_URL: the demo starts it, or uses the server that the variable names',
} as const satisfies Readonly<Record<string, string>>

/** Name of a row of {@link DIFFERENCES}. */
export type Difference = keyof typeof DIFFERENCES
