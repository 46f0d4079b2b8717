/**
 * Assigns the demo's addresses and keeps its ports between starts: Keycloak's port is part of the issuer, and so of every stored identity.
 *
 * @module
 */
import { isIP } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { StartError } from './errors.ts'
import { readJson, writeAtomically } from './files.ts'
import { freePort, isFree, LOOPBACK } from './net.ts'
import { PORT_NAMES, type PortName, SERVICES, type ServiceName } from './settings.ts'

const port = z.coerce.number().int().min(1).max(65_535)
const portsFile = z.partialRecord(z.enum(PORT_NAMES), port)

/** A server or service that every demo has. */
export type ServerName = 'keycloak' | 'openFga' | ServiceName

/** The ports of a demo with one PDP. */
export const ONE_OF_EACH: readonly ServerName[] = ['keycloak', 'openFga', ...SERVICES]

/** Environment variables that set a port. */
const VARIABLES: Readonly<Record<PortName, string>> = {
  keycloak: 'MANDATE_KEYCLOAK_PORT',
  openFga: 'MANDATE_OPENFGA_PORT',
  pdp: 'MANDATE_PDP_PORT',
  trips: 'MANDATE_TRIPS_PORT',
  care: 'MANDATE_CARE_PORT',
  agent: 'MANDATE_AGENT_PORT',
  auditor: 'MANDATE_AUDITOR_PORT',
  pdp2: 'MANDATE_PDP2_PORT',
  pdp3: 'MANDATE_PDP3_PORT',
  pdp4: 'MANDATE_PDP4_PORT',
  pdp5: 'MANDATE_PDP5_PORT',
}

/** Names the variables that set the same port; `undefined` when none do. */
export function equalPortObjection(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const set = Object.values(VARIABLES).filter((variable) => port.safeParse(env[variable]).success)
  for (const variables of Map.groupBy(set, (variable) => Number(env[variable])).values())
    if (variables.length > 1) return `${variables.join(' and ')} are the same port, ${env[variables[0] ?? '']}`
  return undefined
}

/**
 * Chooses a port for each server: from the environment (`MANDATE_PDP_PORT` and so on), else that of the last start with this state folder, else a free
 * port.
 *
 * @param names - With those of {@link ONE_OF_EACH}.
 * @throws {@link StartError} when a configured or saved port is taken, or is not a port number.
 */
export async function choosePorts(
  stateDir: string,
  env: NodeJS.ProcessEnv,
  names: readonly PortName[] = ONE_OF_EACH,
): Promise<Record<ServerName, number> & Partial<Record<PortName, number>>> {
  const file = join(stateDir, 'ports.json')
  const remembered = portsFile.safeParse(readJson(file) ?? {}).data ?? {}
  const chosen: Partial<Record<PortName, number>> = {}
  requireDifferent(names, env, remembered)
  for (const name of names) chosen[name] = await choosePort(name, env[VARIABLES[name]], remembered[name])
  writeAtomically(file, `${JSON.stringify(chosen)}\n`)
  return chosen as Record<ServerName, number>
}

/** @throws {@link StartError} for a port that is configured for one server and kept for another. */
function requireDifferent(
  names: readonly PortName[],
  env: NodeJS.ProcessEnv,
  remembered: Partial<Record<PortName, number>>,
): void {
  for (const name of names) {
    const configured = Number(env[VARIABLES[name]])
    const other = names.find((each) => each !== name && !env[VARIABLES[each]] && remembered[each] === configured)
    if (other !== undefined)
      throw new StartError(
        `${VARIABLES[name]}: ${other} has port ${configured} since the last start. Choose another port, or set ${VARIABLES[other]} as well.`,
      )
  }
}

/**
 * Address that Mandate's services listen on: `MANDATE_LISTEN_HOST`, else loopback. The demo serves plain HTTP with printed passwords, so any other address is
 * for a container or a machine that no stranger reaches.
 *
 * @throws {@link StartError} for anything but an IP address.
 */
export function listenHostOf({ MANDATE_LISTEN_HOST: host }: NodeJS.ProcessEnv): string {
  if (host === undefined || host === '') return LOOPBACK
  if (isIP(host) !== 0) return host
  throw new StartError(`MANDATE_LISTEN_HOST: not an IP address: ${host}`)
}

async function choosePort(name: PortName, wanted: string | undefined, remembered: number | undefined): Promise<number> {
  const configured = wanted === undefined || wanted === '' ? undefined : port.safeParse(wanted)
  if (configured?.success === false) throw new StartError(`${VARIABLES[name]}: not a port: ${wanted}`)
  const value = configured?.data ?? remembered
  if (value === undefined) return freePort()
  if (await isFree(value)) return value
  throw new StartError(
    `Port ${value} (${name}) is taken by another program. Stop it, or set ${VARIABLES[name]}` +
      (name === 'keycloak' ? ' (with -- --fresh: the port is part of every identity)' : ''),
  )
}
