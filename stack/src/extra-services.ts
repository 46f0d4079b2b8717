/**
 * Services of a domain of one's own, beside the examples: clients of the realm and registrations at the PDP, in a file of the state folder that each
 * start reads.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openIssuerAdmin } from '@mandate/issuer'
import { addHost, addService, type KeycloakAdmin, type NewService } from '@mandate/keycloak'
import { isLoopback } from '@mandate/protocol'
import { z } from 'zod'
import { StartError } from './errors.ts'
import { readJson, writeAtomically } from './files.ts'
import type { Progress } from './progress.ts'
import type { Extra } from './settings.ts'

/** File in the state folder; mode 0600, since it has secrets. */
export const EXTRA_SERVICES_FILE = 'services.json'

const extraService = z.strictObject({
  /** Client id, scope and audience. */
  name: z.string(),
  /** Resource types that the PDP answers it about, the account's type included; none for an agent. */
  types: z.array(z.string()),
  /** Where the service listens: the desktop app asks it for the names of its things. Absent: it has no address, as an agent. */
  url: z.string().exactOptional(),
  /** Absolute path of the policy pack that has these types; absent when the types are of a pack that ships. */
  pack: z.string().exactOptional(),
  /** Services for which it may exchange a person's token. */
  calls: z.array(z.string()),
  /** Of a host of an AI agent: where the browser returns to. Its client is public, and the secret has no use. */
  redirectUris: z.array(z.string()).exactOptional(),
  secret: z.string().min(32),
})
const fileSchema = z.strictObject({ services: z.array(extraService) })

/** One service of the file. */
export type ExtraService = z.infer<typeof extraService>

/**
 * Reads the services of a state folder; none when there is no file.
 *
 * @throws StartError when the file is not valid: it is not overwritten.
 */
export function readExtraServices(stateDir: string): readonly ExtraService[] {
  const file = join(stateDir, EXTRA_SERVICES_FILE)
  const stored = readJson(file)
  if (stored === undefined) return []
  const parsed = fileSchema.safeParse(stored)
  if (parsed.success) return parsed.data.services
  throw new StartError(
    `${file} is not a valid list of services: ${z.prettifyError(parsed.error)}\nMend it, or delete it and add the services again: mandate service add`,
  )
}

/** Stores a service, in place of the one with its name, whose secret it keeps. */
export function storeExtraService(stateDir: string, service: Omit<ExtraService, 'secret'>): ExtraService {
  const others = readExtraServices(stateDir)
  const known = others.find(({ name }) => name === service.name)
  const stored = { ...service, secret: known?.secret ?? newSecret() }
  write(stateDir, [...others.filter((other) => other !== known), stored])
  return stored
}

/** Deletes a service from the file. Returns whether it was there. */
export function forgetExtraService(stateDir: string, name: string): boolean {
  const all = readExtraServices(stateDir)
  const others = all.filter((service) => service.name !== name)
  if (others.length < all.length) write(stateDir, others)
  return others.length < all.length
}

/** 256 bits, base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

function write(stateDir: string, services: readonly ExtraService[]): void {
  const sorted = services.toSorted((a, b) => a.name.localeCompare(b.name))
  writeAtomically(join(stateDir, EXTRA_SERVICES_FILE), `${JSON.stringify({ services: sorted }, undefined, 2)}\n`)
}

/** An issuer that services can be added to: by Keycloak's administration, or by the embedded issuer's data folder. */
export type Realm = { readonly admin: KeycloakAdmin } | { readonly dataDir: string }

/**
 * Adds the services to the realm, those first that others call. Idempotent.
 *
 * @throws StartError naming the service, and what the realm lacks or refused; also when services call each other in a circle.
 */
export async function addToRealm(realm: Realm, services: readonly ExtraService[]): Promise<void> {
  for (const service of calledFirst(services)) {
    try {
      await addOneToRealm(realm, service)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new StartError(
        `the service ${service.name} cannot be added to the realm: ${why}\nAdd what it calls, or remove it: mandate service remove ${service.name}`,
        { cause },
      )
    }
  }
}

async function addOneToRealm(realm: Realm, { name: clientId, calls, redirectUris, secret }: ExtraService) {
  if (!('admin' in realm)) addToEmbedded(realm.dataDir, { clientId, calls, redirectUris }, secret)
  else if (redirectUris) await addHost(realm.admin, { clientId, calls, redirectUris })
  else await addService(realm.admin, { clientId, calls }, secret)
}

interface AddedClient extends NewService {
  readonly redirectUris: readonly string[] | undefined
}

function addToEmbedded(dataDir: string, { redirectUris, ...service }: AddedClient, secret: string): void {
  const admin = openIssuerAdmin(dataDir)
  try {
    if (redirectUris) admin.addHost({ ...service, redirectUris })
    else admin.addService(service, secret)
  } finally {
    admin.close()
  }
}

/** Orders services so that each comes after those that it calls. @throws StartError when they call each other in a circle */
export function calledFirst<S extends Pick<ExtraService, 'name' | 'calls'>>(services: readonly S[]): readonly S[] {
  const ordered: S[] = []
  let left = services
  while (left.length > 0) {
    const waiting = new Set(left.map(({ name }) => name))
    const ready = left.filter(({ name, calls }) => !calls.some((called) => called !== name && waiting.has(called)))
    if (ready.length === 0)
      throw new StartError(
        `services call each other in a circle: ${[...waiting].join(', ')}. See ${EXTRA_SERVICES_FILE}`,
      )
    ordered.push(...ready)
    left = left.filter((service) => !ready.includes(service))
  }
  return ordered
}

/** Adds the services of a state folder to the realm. Resolves to what the PDPs need to know of them. */
export async function prepareExtraServices(
  {
    stateDir,
    identity,
    progress,
  }: { readonly stateDir: string; readonly identity?: unknown; readonly progress: Progress },
  admin: KeycloakAdmin | undefined,
): Promise<Extra> {
  const services = readExtraServices(stateDir)
  // An issuer that was given was not started from this state folder.
  if (services.length > 0 && identity === undefined)
    await progress.step('services of yours', () =>
      addToRealm(admin ? { admin } : { dataDir: join(stateDir, 'issuer') }, services),
    )
  return await settingsOf(services)
}

/** Agents have no types, and are not registered. */
async function settingsOf(services: readonly ExtraService[]): Promise<Extra> {
  const registrations = services
    .filter(({ types }) => types.length > 0)
    .map(({ name, types }) => `${name}=${types.join('+')}`)
    .join(',')
  const packs = [...new Set(services.flatMap(({ pack }) => pack ?? []))]
  if (packs.length === 0) return { registrations, packs }
  return { registrations, packs: [...(await foldersOf(services)).keys()] }
}

/** All packs in force. @throws StartError with the mistakes, and what to do: the PDP would name them too, but not whose pack it is. */
async function foldersOf(services: readonly ExtraService[]): Promise<ReadonlyMap<string, readonly string[]>> {
  // Imported when needed: the PDP takes time to load.
  const { typesOfPacks } = await import('./packs.ts')
  try {
    return await typesOfPacks(services.flatMap(({ pack }) => pack ?? []))
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    const added = services.flatMap(({ name, pack }) => (pack === undefined ? [] : [`  ${name}: ${pack}`]))
    throw new StartError(
      `${error.message}\nMend the pack (mandate policy check DIR), or remove its service (mandate service remove NAME):\n${added.join('\n')}`,
      { cause: error },
    )
  }
}

/** Environment of a service's process, in the form of `node --env-file`. */
export function environmentOf(
  { name, secret, url }: Pick<ExtraService, 'name' | 'secret' | 'url'>,
  urls: { readonly issuer: string; readonly pdp: string },
): string {
  const port = url === undefined ? '' : portOnLoopback(url)
  return [
    `# The service "${name}" of Mandate. It contains a secret: keep it out of version control.`,
    ...(port === '' ? [] : [`PORT=${port}`]),
    `MANDATE_ISSUER=${urls.issuer}`,
    `MANDATE_AUDIENCE=${name}`,
    `MANDATE_PDP_URL=${urls.pdp}`,
    `MANDATE_CLIENT_ID=${name}`,
    `MANDATE_CLIENT_SECRET=${secret}`,
    'MANDATE_INTERACTIVE_CLIENTS=desktop,mandate-cli',
    '',
  ].join('\n')
}

/** The explicit port of an address on this machine; empty for every other address, such as that of a reverse proxy. */
function portOnLoopback(url: string): string {
  const { protocol, hostname, port } = new URL(url)
  return protocol === 'http:' && isLoopback(hostname) ? port : ''
}
