/**
 * Which servers a demo has: embedded ones, which need Node alone, or OpenFGA and Keycloak. Pure.
 *
 * @module
 */
import { join } from 'node:path'
import { DIFFERENCES } from '@mandate/issuer'
import { isProduction } from './node-env.ts'
import { table } from './table.ts'

/** `embedded`: a stand-in on Node alone. `real`: OpenFGA or Keycloak, by URL, in Docker or as a local binary. */
export interface Parts {
  /** Where relationship tuples are. */
  readonly store: 'embedded' | 'real'
  readonly issuer: 'embedded' | 'real'
}

type Environment = Readonly<Record<string, string | undefined>>

/** Several PDPs share a PostgreSQL and an OpenFGA, so they need the real servers. A server that the environment names is used in any case. */
export function chooseParts(asked: { readonly servers: boolean; readonly pdps: number }, env: Environment): Parts {
  const { OPENFGA_URL, KEYCLOAK_URL } = env
  const all = asked.servers || asked.pdps > 1
  return {
    store: all || OPENFGA_URL ? 'real' : 'embedded',
    issuer: all || KEYCLOAK_URL ? 'real' : 'embedded',
  }
}

/** The state folder of these parts: people, identities and tuples of one combination mean nothing to another. */
export function stateDirOf(root: string, { store, issuer }: Parts): string {
  if (store === 'real' && issuer === 'real') return root
  if (store === issuer) return join(root, 'embedded')
  return join(root, store === 'embedded' ? 'embedded-store' : 'embedded-issuer')
}

const NAMES = {
  store: 'the relationship store (in the PDP, in place of OpenFGA)',
  issuer: 'the issuer (in place of Keycloak)',
} as const
const STORE_LIMITS = [
  'one PDP alone, with SQLite',
  'no API of OpenFGA: only the PDP reads and writes tuples',
  'a model that its engine cannot evaluate as a whole is refused',
  'while the database cannot be written no revocation takes effect: with OpenFGA one does, and is recorded later',
]
const HOW_TO_GET_SERVERS = 'npm start -- --servers'

/** Says what is embedded, what that cannot do, and how to get the real servers. Empty without embedded parts. */
export function describeParts(parts: Parts): readonly string[] {
  const names = embeddedIn(parts)
  if (names.length === 0) return []
  return [
    `Embedded, on Node alone, for demos and tests: ${names.join(' and ')}.`,
    ...(parts.store === 'embedded' ? ['The embedded store differs from OpenFGA:', ...list(STORE_LIMITS)] : []),
    ...(parts.issuer === 'embedded'
      ? ['The embedded issuer differs from Keycloak:', ...list(Object.values(DIFFERENCES))]
      : []),
    `With the real OpenFGA and Keycloak: ${HOW_TO_GET_SERVERS}`,
    '',
  ]
}

/** A table of the two servers: what runs here, and what runs in production. */
export function partsTable(
  { store, issuer }: Parts,
  { openFga, issuer: issuerUrl }: { readonly openFga: { readonly url: string } | undefined; readonly issuer: string },
): readonly string[] {
  return table(
    ['server', 'here', 'in production'],
    [
      ['relationships', store === 'embedded' ? 'embedded in the PDP' : `OpenFGA, ${openFga?.url}`, 'OpenFGA'],
      ['sign-in', `${issuer === 'embedded' ? 'embedded issuer' : 'Keycloak'}, ${issuerUrl}`, 'Keycloak'],
    ],
  )
}

const list = (items: readonly string[]): readonly string[] => items.map((item) => `  - ${item}`)

/**
 * Why these parts may not be started: in production nothing may be embedded. `undefined` when they may.
 *
 * @throws ConfigError for embedded parts with a `NODE_ENV` that no service takes.
 */
export function refusal(parts: Parts, env: Environment): string | undefined {
  const names = embeddedIn(parts)
  if (names.length === 0 || !isProduction(env)) return undefined
  return (
    `NODE_ENV=production refuses what would be embedded: ${names.join(' and ')}.\n` +
    `Start the demo with the real servers: ${HOW_TO_GET_SERVERS}\n` +
    'or set OPENFGA_URL and KEYCLOAK_URL, or unset NODE_ENV. To install Mandate for production: docs/runbook.md'
  )
}

function embeddedIn(parts: Parts): readonly string[] {
  return (['store', 'issuer'] as const).filter((part) => parts[part] === 'embedded').map((part) => NAMES[part])
}
