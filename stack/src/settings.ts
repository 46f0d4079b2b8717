/**
 * Environment variables of Mandate's services in the stack. Pure: computed from ports, addresses and secrets.
 *
 * @module
 */
import { join } from 'node:path'
import { LOOPBACK } from './net.ts'

/** Mandate's services, in starting order. */
export const SERVICES = ['pdp', 'trips', 'care', 'agent', 'auditor'] as const
/** One of {@link SERVICES}. */
export type ServiceName = (typeof SERVICES)[number]

/** Further PDPs of a demo with several, beside `pdp`. */
export const FURTHER_PDPS = ['pdp2', 'pdp3', 'pdp4', 'pdp5'] as const
/** Servers and services with a port. */
export const PORT_NAMES = ['keycloak', 'openFga', ...SERVICES, ...FURTHER_PDPS] as const
/** One of {@link PORT_NAMES}. */
export type PortName = (typeof PORT_NAMES)[number]

/** Input of {@link serviceSettings}. */
export interface SettingsInput {
  readonly stateDir: string
  readonly ports: Readonly<Record<ServiceName, number> & Partial<Record<PortName, number>>>
  /** Several PDPs on one database. @default one PDP, with a database of its own */
  readonly shared?: SharedPdps
  readonly issuer: string
  /** `undefined`: the PDP keeps the relationship tuples in its own database. */
  readonly openFga: { readonly url: string; readonly apiToken: string } | undefined
  readonly clientSecrets: Readonly<Record<'trips' | 'care' | 'booking-agent' | 'auditor' | 'console', string>>
  /** @default 'info' */
  readonly logLevel?: string
  /** Address that every service listens on. They call each other on loopback, whatever it is. @default loopback */
  readonly listenHost?: string
  /** Services and packs beside those of the examples. @default none */
  readonly extra?: Extra
}

/** See {@link SettingsInput.extra}. */
export interface Extra {
  /** What is added to `PDP_SERVICES`: `lab=lab_order+lab_account`. */
  readonly registrations: string
  /** All packs that are in force, those that ship included; empty for those alone. */
  readonly packs: readonly string[]
}

/** Clients of services at which people sign in: the desktop app and the command line. */
const INTERACTIVE_CLIENTS = 'desktop,mandate-cli'
const NO_EXTRA: Extra = { registrations: '', packs: [] }
/** Resource types of the examples, by service. */
export const OWN_TYPES: readonly (readonly [service: string, types: readonly string[]])[] = [
  ['trips', ['workflow', 'workflow_item', 'travel_account']],
  ['care', ['care_plan', 'care_task', 'care_account']],
]
const OWN_REGISTRATIONS = OWN_TYPES.map(([service, types]) => `${service}=${types.join('+')}`).join(',')

/** What several PDPs share. */
export interface SharedPdps {
  /** How many PDPs: 2 or more. */
  readonly count: number
  /** Database of the PDPs, and the one of their logs' index: `postgres://…`. */
  readonly storeUrl: string
  readonly indexUrl: string
  /** Key that encrypts the vault. 32 bytes, base64url. */
  readonly vaultKey: string
}

/** Configuration of one service. */
export interface ServiceSettings {
  /** Name in messages and of its data folder. */
  readonly name: string
  readonly entry: string
  readonly url: string
  readonly env: Readonly<Record<string, string>>
}

/** Data folder of a PDP, with its decision log and verifier key. @default the first one's */
export function pdpDataDir(stateDir: string, name: PortName = 'pdp'): string {
  return join(stateDir, name)
}

/** Port name of each PDP, the first one first. */
export const pdpNames = (count: number): readonly PortName[] => ['pdp', ...FURTHER_PDPS.slice(0, count - 1)]

/** File with the verifier key of a PDP's log. @default the first one's */
export function logKeyFile(stateDir: string, name: PortName = 'pdp'): string {
  return join(pdpDataDir(stateDir, name), 'log.vkey')
}

/** File with the verifier keys of several PDPs' logs, for the auditor. */
export function logPinsFile(stateDir: string): string {
  return join(stateDir, 'log.pins')
}

/** Computes the configuration of all services. With several PDPs, each of the other services has all, beginning with another one: it asks them in turn. */
export function serviceSettings(input: SettingsInput): Record<ServiceName, ServiceSettings> {
  const urlOf = (name: ServiceName): string => `http://${LOOPBACK}:${input.ports[name]}`
  const pdps = pdpSettings(input)
  const [pdp] = pdps
  if (!pdp) throw new TypeError('there is at least one PDP')
  const pdpUrls = pdps.map(({ url }) => url)
  const pdpsFrom = (place: number): string => {
    const first = place % pdpUrls.length
    return [...pdpUrls.slice(first), ...pdpUrls.slice(0, first)].join(',')
  }
  const urls = { trips: urlOf('trips'), care: urlOf('care'), agent: urlOf('agent'), auditor: urlOf('auditor') }
  const logLevel = { LOG_LEVEL: input.logLevel ?? 'info' }
  return {
    pdp,
    trips: {
      name: 'trips',
      entry: 'examples/trips/src/main.ts',
      url: urls.trips,
      env: { ...tripsEnv(input, pdpsFrom(1)), ...logLevel },
    },
    care: {
      name: 'care',
      entry: 'examples/care/src/main.ts',
      url: urls.care,
      env: { ...careEnv(input, pdpsFrom(1)), ...logLevel },
    },
    agent: {
      name: 'booking-agent',
      entry: 'examples/booking-agent/src/main.ts',
      url: urls.agent,
      env: { ...agentEnv(input, { ...urls, pdp: pdpsFrom(2) }), ...logLevel },
    },
    auditor: {
      name: 'auditor',
      entry: 'auditor/src/server/main.ts',
      url: urls.auditor,
      env: { ...auditorEnv(input, { pdps: pdpUrls, auditor: urls.auditor }), ...logLevel },
    },
  }
}

/** Computes the configuration of every PDP. Each has a data folder and a log of its own. */
export function pdpSettings(input: SettingsInput): readonly ServiceSettings[] {
  return pdpNames(input.shared?.count ?? 1).map((name, place) => {
    const url = `http://${LOOPBACK}:${input.ports[name]}`
    const env = { ...pdpEnv(input, name, place), PDP_PUBLIC_URL: url, LOG_LEVEL: input.logLevel ?? 'info' }
    return { name, entry: 'pdp/src/main.ts', url, env }
  })
}

function pdpEnv(
  { stateDir, ports, issuer, openFga, shared, listenHost = LOOPBACK, extra = NO_EXTRA }: SettingsInput,
  name: PortName,
  place: number,
): Record<string, string> {
  return {
    PDP_HOST: listenHost,
    PDP_PORT: String(ports[name]),
    PDP_ISSUER: issuer,
    PDP_AUDIENCE: 'pdp',
    PDP_DATA_DIR: pdpDataDir(stateDir, name),
    PDP_INTERACTIVE_CLIENTS: 'desktop,auditor,console,mandate-cli',
    PDP_SERVICES: [OWN_REGISTRATIONS, extra.registrations].filter(Boolean).join(','),
    ...(extra.packs.length > 0 && { PDP_PACKS: extra.packs.join(',') }),
    PDP_ERASURE_CLIENTS: 'booking-agent',
    PDP_LOG_ORIGIN: place === 0 ? 'mandate.invalid/demo' : `mandate.invalid/demo/${place + 1}`,
    ...(openFga ? { OPENFGA_URL: openFga.url, OPENFGA_API_TOKEN: openFga.apiToken } : { ENGINE: 'embedded' }),
    ...(shared && {
      PDP_STORE_URL: shared.storeUrl,
      PDP_INDEX_URL: shared.indexUrl,
      PDP_VAULT_KEY: shared.vaultKey,
    }),
  }
}

function tripsEnv(
  { stateDir, ports, issuer, clientSecrets, listenHost = LOOPBACK }: SettingsInput,
  pdpUrl: string,
): Record<string, string> {
  return {
    TRIPS_HOST: listenHost,
    TRIPS_PORT: String(ports.trips),
    TRIPS_ISSUER: issuer,
    TRIPS_AUDIENCE: 'trips',
    TRIPS_CLIENT_ID: 'trips',
    TRIPS_CLIENT_SECRET: clientSecrets.trips,
    TRIPS_PDP_URL: pdpUrl,
    TRIPS_DATA_DIR: join(stateDir, 'trips'),
    TRIPS_INTERACTIVE_CLIENTS: INTERACTIVE_CLIENTS,
  }
}

function careEnv(
  { stateDir, ports, issuer, clientSecrets, listenHost = LOOPBACK }: SettingsInput,
  pdpUrl: string,
): Record<string, string> {
  return {
    CARE_HOST: listenHost,
    CARE_PORT: String(ports.care),
    CARE_ISSUER: issuer,
    CARE_AUDIENCE: 'care',
    CARE_CLIENT_ID: 'care',
    CARE_CLIENT_SECRET: clientSecrets.care,
    CARE_PDP_URL: pdpUrl,
    CARE_DATA_DIR: join(stateDir, 'care'),
    CARE_INTERACTIVE_CLIENTS: INTERACTIVE_CLIENTS,
  }
}

function agentEnv(
  { stateDir, ports, issuer, clientSecrets, listenHost = LOOPBACK }: SettingsInput,
  urls: { readonly pdp: string; readonly trips: string; readonly agent: string },
): Record<string, string> {
  return {
    AGENT_HOST: listenHost,
    AGENT_PORT: String(ports.agent),
    AGENT_PUBLIC_URL: urls.agent,
    AGENT_ISSUER: issuer,
    AGENT_AUDIENCE: 'booking-agent',
    AGENT_CLIENT_ID: 'booking-agent',
    AGENT_CLIENT_SECRET: clientSecrets['booking-agent'],
    AGENT_TRIPS_URL: urls.trips,
    AGENT_PDP_URL: urls.pdp,
    AGENT_DATA_DIR: join(stateDir, 'booking-agent'),
    AGENT_INTERACTIVE_CLIENTS: INTERACTIVE_CLIENTS,
  }
}

function auditorEnv(
  { stateDir, ports, issuer, clientSecrets, listenHost = LOOPBACK }: SettingsInput,
  urls: { readonly pdps: readonly string[]; readonly auditor: string },
): Record<string, string> {
  return {
    AUDITOR_HOST: listenHost,
    AUDITOR_PORT: String(ports.auditor),
    AUDITOR_PUBLIC_URL: urls.auditor,
    AUDITOR_ISSUER: issuer,
    AUDITOR_CLIENT_ID: 'auditor',
    AUDITOR_CLIENT_SECRET: clientSecrets.auditor,
    AUDITOR_CONSOLE_CLIENT_SECRET: clientSecrets.console,
    AUDITOR_PDP_URL: urls.pdps.join(','),
    // Exists when the auditor starts: each PDP, which starts earlier, creates its key at its first start.
    AUDITOR_LOG_PINS_FILE: urls.pdps.length === 1 ? logKeyFile(stateDir) : logPinsFile(stateDir),
  }
}
