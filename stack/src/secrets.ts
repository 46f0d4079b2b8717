/**
 * Secrets of one demo installation, generated at the first start and stored in one file with mode 0600. There are no default secrets.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { generatePeople, REALM_SECRETS } from '@mandate/keycloak'
import { z } from 'zod'
import { StartError } from './errors.ts'
import { readJson, writeAtomically } from './files.ts'

const person = z.object({ username: z.string(), password: z.string(), totpSecret: z.string().exactOptional() })

const secretsFile = z.strictObject({
  openFgaToken: z.string().min(32),
  keycloakAdminPassword: z.string().min(32),
  /** Filled into the placeholders of the realm file. */
  realm: z.record(z.enum(REALM_SECRETS), z.string().min(32)),
  people: z.record(z.string(), person),
})

/** File of an earlier version, with fewer clients of the realm. */
const olderFile = secretsFile.extend({ realm: z.partialRecord(z.enum(REALM_SECRETS), z.string().min(32)) })

/** All secrets of one installation. */
export type Secrets = z.infer<typeof secretsFile>

/** Clients of the realm that have a secret. */
export type ConfidentialClient = 'pdp' | 'auditor' | 'console' | 'trips' | 'care' | 'booking-agent'

/** The realm's secrets by client. */
export function clientSecretsOf(realm: Secrets['realm']): Readonly<Record<ConfidentialClient, string>> {
  return {
    pdp: realm.PDP_CLIENT_SECRET,
    auditor: realm.AUDITOR_CLIENT_SECRET,
    console: realm.CONSOLE_CLIENT_SECRET,
    trips: realm.TRIPS_CLIENT_SECRET,
    care: realm.CARE_CLIENT_SECRET,
    'booking-agent': realm.BOOKING_AGENT_CLIENT_SECRET,
  }
}

/** File name in the state folder. */
export const SECRETS_FILE = 'secrets.json'

/**
 * Reads the secrets of a state folder, and generates missing ones.
 *
 * @throws {@link StartError} when the file exists and is not a valid secrets file: it is never overwritten.
 */
export function loadSecrets(stateDir: string): Secrets {
  const file = join(stateDir, SECRETS_FILE)
  const stored = readJson(file)
  if (stored === undefined) {
    const fresh = generateSecrets()
    writeAtomically(file, `${JSON.stringify(fresh, undefined, 2)}\n`)
    return fresh
  }
  const parsed = secretsFile.safeParse(stored)
  if (parsed.success) return parsed.data
  const older = olderFile.safeParse(stored)
  if (older.success) {
    const complete = secretsFile.parse({ ...older.data, realm: { ...freshRealm(), ...older.data.realm } })
    writeAtomically(file, `${JSON.stringify(complete, undefined, 2)}\n`)
    return complete
  }
  throw new StartError(`${file} is not a valid secrets file. Start over with: npm start -- --fresh`)
}

const secret = (): string => randomBytes(32).toString('base64url')
const freshRealm = () => Object.fromEntries(REALM_SECRETS.map((name) => [name, secret()]))

function generateSecrets(): Secrets {
  return secretsFile.parse({
    openFgaToken: secret(),
    keycloakAdminPassword: secret(),
    realm: freshRealm(),
    people: generatePeople(),
  })
}
