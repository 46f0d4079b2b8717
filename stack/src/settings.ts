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

/** Servers and services with a port. */
export const PORT_NAMES = ['keycloak', 'openFga', ...SERVICES] as const
/** One of {@link PORT_NAMES}. */
export type PortName = (typeof PORT_NAMES)[number]

/** Input of {@link serviceSettings}. */
export interface SettingsInput {
  readonly stateDir: string
  readonly ports: Readonly<Record<ServiceName, number>>
  readonly issuer: string
  readonly openFga: { readonly url: string; readonly apiToken: string }
  readonly clientSecrets: Readonly<Record<'trips' | 'care' | 'booking-agent' | 'auditor', string>>
  /** @default 'info' */
  readonly logLevel?: string
}

/** Configuration of one service. */
export interface ServiceSettings {
  /** Name in messages and of its data folder. */
  readonly name: string
  readonly entry: string
  readonly url: string
  readonly env: Readonly<Record<string, string>>
}

/** Data folder of the PDP, with the decision log and the verifier key. */
export function pdpDataDir(stateDir: string): string {
  return join(stateDir, 'pdp')
}

/** File with the verifier key of the PDP's log. */
export function logKeyFile(stateDir: string): string {
  return join(pdpDataDir(stateDir), 'log.vkey')
}

/** Computes the configuration of all services. */
export function serviceSettings(input: SettingsInput): Record<ServiceName, ServiceSettings> {
  const urlOf = (name: ServiceName): string => `http://${LOOPBACK}:${input.ports[name]}`
  const urls = {
    pdp: urlOf('pdp'),
    trips: urlOf('trips'),
    care: urlOf('care'),
    agent: urlOf('agent'),
    auditor: urlOf('auditor'),
  }
  const logLevel = { LOG_LEVEL: input.logLevel ?? 'info' }
  return {
    pdp: { name: 'pdp', entry: 'pdp/src/main.ts', url: urls.pdp, env: { ...pdpEnv(input, urls.pdp), ...logLevel } },
    trips: {
      name: 'trips',
      entry: 'examples/trips/src/main.ts',
      url: urls.trips,
      env: { ...tripsEnv(input, urls.pdp), ...logLevel },
    },
    care: {
      name: 'care',
      entry: 'examples/care/src/main.ts',
      url: urls.care,
      env: { ...careEnv(input, urls.pdp), ...logLevel },
    },
    agent: {
      name: 'booking-agent',
      entry: 'examples/booking-agent/src/main.ts',
      url: urls.agent,
      env: { ...agentEnv(input, urls), ...logLevel },
    },
    auditor: {
      name: 'auditor',
      entry: 'auditor/src/server/main.ts',
      url: urls.auditor,
      env: { ...auditorEnv(input, urls), ...logLevel },
    },
  }
}

function pdpEnv({ stateDir, ports, issuer, openFga }: SettingsInput, url: string): Record<string, string> {
  return {
    PDP_HOST: LOOPBACK,
    PDP_PORT: String(ports.pdp),
    PDP_PUBLIC_URL: url,
    PDP_ISSUER: issuer,
    PDP_AUDIENCE: 'pdp',
    PDP_DATA_DIR: pdpDataDir(stateDir),
    PDP_INTERACTIVE_CLIENTS: 'desktop,auditor,mandate-cli',
    PDP_SERVICES: 'trips=workflow+workflow_item+travel_account,care=care_plan+care_task+care_account',
    PDP_ERASURE_CLIENTS: 'booking-agent',
    PDP_LOG_ORIGIN: 'mandate.invalid/demo',
    OPENFGA_URL: openFga.url,
    OPENFGA_API_TOKEN: openFga.apiToken,
  }
}

function tripsEnv({ stateDir, ports, issuer, clientSecrets }: SettingsInput, pdpUrl: string): Record<string, string> {
  return {
    TRIPS_HOST: LOOPBACK,
    TRIPS_PORT: String(ports.trips),
    TRIPS_ISSUER: issuer,
    TRIPS_AUDIENCE: 'trips',
    TRIPS_CLIENT_ID: 'trips',
    TRIPS_CLIENT_SECRET: clientSecrets.trips,
    TRIPS_PDP_URL: pdpUrl,
    TRIPS_DATA_DIR: join(stateDir, 'trips'),
    TRIPS_INTERACTIVE_CLIENTS: 'desktop',
  }
}

function careEnv({ stateDir, ports, issuer, clientSecrets }: SettingsInput, pdpUrl: string): Record<string, string> {
  return {
    CARE_HOST: LOOPBACK,
    CARE_PORT: String(ports.care),
    CARE_ISSUER: issuer,
    CARE_AUDIENCE: 'care',
    CARE_CLIENT_ID: 'care',
    CARE_CLIENT_SECRET: clientSecrets.care,
    CARE_PDP_URL: pdpUrl,
    CARE_DATA_DIR: join(stateDir, 'care'),
    CARE_INTERACTIVE_CLIENTS: 'desktop',
  }
}

function agentEnv(
  { stateDir, ports, issuer, clientSecrets }: SettingsInput,
  urls: { readonly pdp: string; readonly trips: string },
): Record<string, string> {
  return {
    AGENT_HOST: LOOPBACK,
    AGENT_PORT: String(ports.agent),
    AGENT_ISSUER: issuer,
    AGENT_AUDIENCE: 'booking-agent',
    AGENT_CLIENT_ID: 'booking-agent',
    AGENT_CLIENT_SECRET: clientSecrets['booking-agent'],
    AGENT_TRIPS_URL: urls.trips,
    AGENT_PDP_URL: urls.pdp,
    AGENT_DATA_DIR: join(stateDir, 'booking-agent'),
    AGENT_INTERACTIVE_CLIENTS: 'desktop',
  }
}

function auditorEnv(
  { stateDir, ports, issuer, clientSecrets }: SettingsInput,
  urls: { readonly pdp: string; readonly auditor: string },
): Record<string, string> {
  return {
    AUDITOR_HOST: LOOPBACK,
    AUDITOR_PORT: String(ports.auditor),
    AUDITOR_PUBLIC_URL: urls.auditor,
    AUDITOR_ISSUER: issuer,
    AUDITOR_CLIENT_ID: 'auditor',
    AUDITOR_CLIENT_SECRET: clientSecrets.auditor,
    AUDITOR_PDP_URL: urls.pdp,
    // The PDP, which starts earlier, creates this file at its first start.
    AUDITOR_LOG_PINS_FILE: logKeyFile(stateDir),
  }
}
