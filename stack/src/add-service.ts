/**
 * Adds a service of a domain of one's own to the demo of this clone: to its realm, to the registrations of its PDP, and its pack to those in force.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { openIssuerAdmin } from '@mandate/issuer'
import { addHost, addService, hostObjection, type KeycloakAdmin, removeService } from '@mandate/keycloak'
import { joinUrl, plainHttpObjection } from '@mandate/protocol'
import { StartError } from './errors.ts'
import {
  addToRealm,
  calledFirst,
  type ExtraService,
  environmentOf,
  forgetExtraService,
  newSecret,
  type Realm,
  readExtraServices,
  storeExtraService,
} from './extra-services.ts'
import { withLock } from './lock.ts'
import { typesOfPacks } from './packs.ts'
import { loadSecrets } from './secrets.ts'
import { OWN_TYPES } from './settings.ts'
import { type Run, readRun, STATE_DIR } from './state.ts'

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u
const MAX_NAME = 40
/** Clients and scopes of `keycloak/realm.json`, and those that Keycloak gives every realm. None of them can be replaced or removed. */
export const TAKEN: ReadonlySet<string> = new Set([
  ...'desktop auditor console mandate-cli pdp trips care booking-agent audit svc basic pseudonym'.split(' '),
  ...'account account-console admin-cli broker realm-management security-admin-console'.split(' '),
  ...'acr address email microprofile-jwt offline-access openid organization phone profile roles web-origins'.split(' '),
])

/** What is asked for; `types` or `pack` for a service, neither for an agent, `redirectUris` for the host of an agent by a third party. */
export interface ServiceRequest {
  readonly name: string
  readonly types: readonly string[]
  /** Folder of the policy pack, relative to the working directory. */
  readonly pack?: string | undefined
  /** Services for which it may exchange a person's token; of a host: for which it gets one. */
  readonly calls: readonly string[]
  /**
   * Where the service listens, without a path: the desktop app asks it for the names of its things. Only for services with types.
   * @default in the demo a port on loopback that no other added service has
   */
  readonly url?: string | undefined
  /** Exact addresses that the browser returns to. With them a public client is added, without a secret. */
  readonly redirectUris?: readonly string[] | undefined
}

/** An added service. */
export interface AddedToDemo {
  readonly service: ExtraService
  /** Environment of its process: issuer, audience, PDP, client id and secret, in the form of `node --env-file`. */
  readonly environment: string
  /** Whether a demo runs now: its PDP knows the service after its next start. */
  readonly isRunning: boolean
}

/**
 * Adds a service, or changes the one with this name, which keeps its secret.
 *
 * @param stateDir - State folder of the clone. @default this clone's
 * @throws StartError naming what is wrong with the request, the pack or the demo. Nothing is stored then.
 */
export async function addServiceToDemo(request: ServiceRequest, stateDir: string = STATE_DIR): Promise<AddedToDemo> {
  const demo = lastDemo(stateDir)
  return await withServicesLock(demo, () => addTo(demo, request))
}

/** Two commands at the same time would each write back the list that they read. */
const withServicesLock = <T>({ stateDir }: LastDemo, work: () => Promise<T>): Promise<T> =>
  withLock(join(stateDir, 'services.lock'), work)

async function addTo(demo: LastDemo, request: ServiceRequest): Promise<AddedToDemo> {
  const stored = readExtraServices(demo.stateDir)
  const others = stored.filter(({ name }) => name !== request.name)
  checkCalls(request, others)
  checkKind(
    request,
    stored.find(({ name }) => name === request.name),
  )
  const isRunning = isAlive(demo.run.pid)
  const wanted = withAddress(await checked(request, others), demo.stateDir)
  calledFirst([...others, wanted])
  const service = storeExtraService(demo.stateDir, wanted)
  const realm = realmOf(demo, isRunning)
  if (realm) await addToRealm(realm, readExtraServices(demo.stateDir))
  const { issuer = '', url: pdp } = demo.run
  return { service, environment: environmentOf(service, { issuer, pdp }), isRunning }
}

/** A service that was added to the Keycloak of an installation. */
export interface AddedToKeycloak extends Pick<AddedToDemo, 'environment'> {
  readonly service: ExtraService
  /** What is to be added to the PDP's setting `PDP_SERVICES`; empty for an agent. */
  readonly registration: string
}

/**
 * Adds a service to the realm `mandate` of a Keycloak, with a new secret. The PDP's settings are the operator's to change.
 *
 * @throws StartError naming what is wrong with the request or the pack; Error naming what Keycloak lacks or refused.
 */
export async function addServiceToKeycloak(
  request: ServiceRequest,
  admin: KeycloakAdmin,
  urls: { readonly issuer: string; readonly pdp: string },
): Promise<AddedToKeycloak> {
  const service = { ...(await checked(request, [])), secret: newSecret() }
  const { name: clientId, calls, redirectUris } = service
  if (redirectUris) await addHost(admin, { clientId, calls, redirectUris })
  else await addService(admin, { clientId, calls }, service.secret)
  const registration = service.types.length > 0 ? `${service.name}=${service.types.join('+')}` : ''
  return { service, registration, environment: environmentOf(service, urls) }
}

/** The services that were added to the last demo. @throws StartError when there was none */
export function servicesOfDemo(stateDir: string = STATE_DIR): readonly Omit<ExtraService, 'secret'>[] {
  return readExtraServices(lastDemo(stateDir).stateDir).map(({ secret: _secret, ...service }) => service)
}

/**
 * Removes a service from the demo. Returns `false` when there is none with this name.
 *
 * @throws StartError as {@link addServiceToDemo}, and while other services call it: the next start would fail.
 */
export async function removeServiceFromDemo(name: string, stateDir: string = STATE_DIR): Promise<boolean> {
  const demo = lastDemo(stateDir)
  return await withServicesLock(demo, () => removeFrom(demo, name))
}

async function removeFrom(demo: LastDemo, name: string): Promise<boolean> {
  const callers = readExtraServices(demo.stateDir).filter((other) => other.name !== name && other.calls.includes(name))
  if (callers.length > 0)
    throw new StartError(
      `${name} is called by ${callers.map((caller) => caller.name).join(', ')}. Remove first: mandate service remove ${callers[0]?.name}`,
    )
  const realm = realmOf(demo, isAlive(demo.run.pid))
  if (!forgetExtraService(demo.stateDir, name)) return false
  if (realm && 'admin' in realm) await removeService(realm.admin, name)
  else if (realm) removeFromEmbedded(realm.dataDir, name)
  return true
}

function removeFromEmbedded(dataDir: string, name: string): void {
  const admin = openIssuerAdmin(dataDir)
  try {
    admin.removeClient(name)
  } finally {
    admin.close()
  }
}

interface LastDemo {
  readonly run: Run
  /** Folder of its secrets and services, within the clone's state folder. */
  readonly stateDir: string
}

function lastDemo(stateDir: string): LastDemo {
  const run = readRun(stateDir)
  if (run?.secrets === undefined || run.issuer === undefined)
    throw new StartError('no demo has run in this clone yet. Start it once: npm start')
  return { run, stateDir: dirname(run.secrets) }
}

/** Where the service's client is added now; `undefined`: a Keycloak of the demo that does not run, to which the next start adds it. */
function realmOf({ stateDir, run }: LastDemo, isRunning: boolean): Realm | undefined {
  const dataDir = join(stateDir, 'issuer')
  if (existsSync(dataDir)) return { dataDir }
  if (!isRunning) return undefined
  const { KEYCLOAK_URL: url, KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password } = process.env
  if (url && username && password) return { admin: { url: joinUrl(url, ''), username, password } }
  const own = (run.issuer ?? '').replace(/\/realms\/mandate$/u, '')
  return { admin: { url: own, username: 'admin', password: loadSecrets(stateDir).keycloakAdminPassword } }
}

/** Checks a request beside the other services. Resolves to the service, without its secret. */
async function checked(
  request: ServiceRequest,
  others: readonly ExtraService[],
): Promise<Omit<ExtraService, 'secret'>> {
  checkName(request.name)
  const pack = request.pack === undefined ? undefined : resolve(request.pack)
  const { name, calls, redirectUris = [] } = request
  if (redirectUris.length > 0) return { ...checkedHost(request, redirectUris), redirectUris: [...redirectUris] }
  const types = await typesOf(request, pack, others)
  const url = addressIn(request, types)
  return { name, types: [...types], calls: [...calls], ...(url && { url }), ...(pack && { pack }) }
}

/** The service's address that was asked for, as an origin. */
function addressIn({ name, url }: ServiceRequest, types: readonly string[]): string | undefined {
  if (url === undefined) return undefined
  if (types.length === 0) throw new StartError(`${name} has no types: only services have an address`)
  const parsed = URL.parse(url)
  if (!parsed || !/^https?:$/u.test(parsed.protocol) || `${parsed.origin}/` !== parsed.href)
    throw new StartError(
      `"${url}" is no address of a service: an http(s) URL without a path, such as http://127.0.0.1:4100`,
    )
  const objection = plainHttpObjection(parsed.origin, [])
  if (objection !== undefined) throw new StartError(objection)
  return parsed.origin
}

/** First port of services without an address. */
const FIRST_PORT = 4100

/** A service with types in the demo: with the address that it had, or else one that no other added service has. */
function withAddress(service: Omit<ExtraService, 'secret'>, stateDir: string): Omit<ExtraService, 'secret'> {
  if (service.types.length === 0 || service.url !== undefined) return service
  const stored = readExtraServices(stateDir)
  const before = stored.find(({ name }) => name === service.name)?.url
  if (before !== undefined) return { ...service, url: before }
  const taken = new Set(stored.map(({ url }) => url))
  let port = FIRST_PORT
  while (taken.has(loopbackUrl(port))) port += 1
  return { ...service, url: loopbackUrl(port) }
}

const loopbackUrl = (port: number): string => `http://127.0.0.1:${port}`

function checkedHost({ name, calls, types, pack }: ServiceRequest, redirectUris: readonly string[]) {
  if (types.length > 0 || pack !== undefined)
    throw new StartError(`${name} has redirect URIs, so it is a host: only services have types and packs`)
  const objection = hostObjection({ redirectUris, calls })
  if (objection !== undefined) throw new StartError(objection)
  return { name, types: [], calls: [...calls] }
}

/** A host has no secret, and a service no redirect URIs: neither becomes the other. */
function checkKind({ name, redirectUris = [] }: ServiceRequest, known: ExtraService | undefined): void {
  if (known === undefined || (known.redirectUris !== undefined) === redirectUris.length > 0) return
  const kind = known.redirectUris ? 'a host' : 'a service or an agent'
  throw new StartError(`${name} is ${kind} already. Remove it first: mandate service remove ${name}`)
}

function checkName(name: string): void {
  if (!NAME.test(name) || name.length > MAX_NAME)
    throw new StartError(
      `"${name}" is no name of a service: lower-case letters, digits and single hyphens, at most ${MAX_NAME}, such as lab-orders`,
    )
  if (TAKEN.has(name)) throw new StartError(`"${name}" is a client or scope of the realm itself: choose another name`)
}

function checkCalls({ name, calls }: ServiceRequest, others: readonly ExtraService[]): void {
  const known = ['trips', 'care', 'booking-agent', ...others.map((other) => other.name)]
  const unknown = calls.find((called) => !known.includes(called))
  if (unknown !== undefined)
    throw new StartError(`${name} cannot call "${unknown}": there is no such service. Known: ${known.join(', ')}`)
}

/** The types of the request, or all of its pack. */
async function typesOf(
  { types, pack: asked }: ServiceRequest,
  pack: string | undefined,
  others: readonly ExtraService[],
): Promise<readonly string[]> {
  if (types.length === 0 && pack === undefined) return []
  const ofPacks = await typesOfPacks([...others.flatMap((other) => other.pack ?? []), ...(pack ? [pack] : [])])
  const wanted = types.length > 0 ? types : (ofPacks.get(pack ?? '') ?? [])
  const known = [...ofPacks.values()].flat()
  const unknown = wanted.find((type) => !known.includes(type))
  if (unknown !== undefined)
    throw new StartError(
      `there is no resource type "${unknown}"${asked ? '' : '; name the folder of its policy pack with --pack'}. Known: ${known.join(', ')}`,
    )
  const owners = [
    ...OWN_TYPES,
    ...others.map((other): readonly [string, readonly string[]] => [other.name, other.types]),
  ]
  for (const [owner, owned] of owners) {
    const taken = wanted.find((type) => owned.includes(type))
    if (taken !== undefined) throw new StartError(`the type "${taken}" belongs to the service ${owner} already`)
  }
  return wanted
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
