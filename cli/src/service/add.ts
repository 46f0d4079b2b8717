/**
 * `mandate service add`.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { AddedToDemo, AddedToKeycloak, ServiceRequest } from '@mandate/stack'
import type { Work } from '../command-line.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import type { Io } from '../io.ts'
import { requireReplaceable, writePrivate } from '../private-output.ts'
import { withStackErrors } from './stack-errors.ts'

interface Options {
  readonly pack?: string
  readonly types?: string
  readonly url?: string
  readonly calls?: readonly string[]
  readonly redirectUri?: readonly string[]
  readonly out?: string
  readonly keycloak?: string
  readonly issuer?: string
  readonly pdp?: string
  readonly json?: true
}

export const addService: Work<Options> = async (io, { options, args: [name = ''] }) => {
  const request: ServiceRequest = {
    name,
    types: listOf(options.types),
    pack: options.pack,
    url: options.url,
    calls: options.calls ?? [],
    redirectUris: options.redirectUri,
  }
  if (options.redirectUri) return await addHost(io, options, request)
  const file = resolve(options.out ?? `${name}.env`)
  refuseForeignFile(file, name)
  const added = await withStackErrors(() => add(io, options, request))
  writePrivate(file, added.environment)
  io.out(options.json ? asJson(added, file) : asText(added, file))
  return undefined
}

/** A host has no secret, so no file is written. */
async function addHost(io: Io, options: Options, request: ServiceRequest): Promise<undefined> {
  if ([options.pack, options.types, options.url, options.out].some((option) => option !== undefined))
    throw usageError('--redirect-uri adds a host, which has no --pack, --types, --url or --out')
  const { service } = await withStackErrors(() => add(io, options, request))
  const { secret: _secret, ...host } = service
  const { name, calls } = host
  io.out(
    options.json
      ? `${JSON.stringify(host)}\n`
      : [
          `Host ${name}: people may use it at ${calls.join(', ')}. It is a public client with PKCE (S256), without a secret.`,
          '',
          `client id    ${name}   and scope: openid ${calls.join(' ')}`,
          `register it  mandate agent add ${name}   else its tokens are refused`,
          'permit it    people give it grants in the window, or: mandate grant give',
          '',
        ].join('\n'),
  )
  return undefined
}

type Added = AddedToDemo | AddedToKeycloak

async function add(io: Io, options: Options, request: ServiceRequest): Promise<Added> {
  const stack = await import('@mandate/stack')
  if (options.keycloak === undefined) return await stack.addServiceToDemo(request)
  const { KEYCLOAK_ADMIN_USERNAME: username, KEYCLOAK_ADMIN_PASSWORD: password } = io.environment
  if (!(username && password))
    throw usageError('--keycloak needs KEYCLOAK_ADMIN_USERNAME and KEYCLOAK_ADMIN_PASSWORD in the environment')
  const pdp = options.pdp ?? io.environment['MANDATE_PDP']
  if (!pdp) throw usageError('--keycloak needs the URL of the PDP: --pdp, or MANDATE_PDP in the environment')
  const url = options.keycloak.replace(/\/+$/u, '')
  const issuer = options.issuer ?? io.environment['MANDATE_ISSUER'] ?? `${url}/realms/mandate`
  return await stack.addServiceToKeycloak(request, { url, username, password }, { issuer, pdp })
}

const listOf = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((type) => type.trim())
    .filter((type) => type !== '')

/** A file that this command did not write is not overwritten: it may be the only copy of something. */
function refuseForeignFile(file: string, name: string): void {
  if (!requireReplaceable(file) || readFileSync(file, 'utf8').startsWith(`# The service "${name}" of Mandate.`)) return
  throw new CommandError(EXIT.data, `${file} exists, and is not of this service.`, {
    mend: 'Name another file with --out.',
  })
}

function asText(added: Added, file: string): string {
  const { name, types, calls, pack, url } = added.service
  const shown = relative('', file)
  const what =
    types.length > 0
      ? `Service ${name}: the PDP answers it about ${types.join(', ')}.`
      : `Agent ${name}: it may call ${calls.join(', ') || 'no service'} for people.`
  return [
    what,
    ...(types.length > 0 && calls.length > 0 ? [`It may call ${calls.join(', ')} for people.`] : []),
    '',
    `environment  ${shown}   has its client secret: keep it out of version control`,
    `start yours  node --env-file=${shown} YOUR-SERVICE`,
    ...(url === undefined ? [] : [`listens at   ${url}   the window asks it for names there (GET /labels)`]),
    ...('registration' in added ? [...settingsToAdd(added, pack), ...windowSettings(added)] : nextStart(added)),
    ...(types.length === 0 ? [`register it  mandate agent add ${name}`] : []),
    '',
  ].join('\n')
}

function settingsToAdd({ registration }: AddedToKeycloak, pack: string | undefined): readonly string[] {
  if (registration === '') return []
  return [
    '',
    'Add to the settings of every PDP, and restart it:',
    `  PDP_SERVICES=…,${registration}`,
    ...(pack === undefined ? [] : [`  PDP_PACKS=…,<a copy of ${pack}>`]),
  ]
}

/** What makes the desktop app of an installation show it. */
function windowSettings({ service: { name, types, url } }: AddedToKeycloak): readonly string[] {
  const member =
    types.length > 0
      ? `"services": { …, ${JSON.stringify(name)}: ${JSON.stringify(url ?? 'https://…')} }`
      : `"agents": [ …, { "id": ${JSON.stringify(name)}, "title": "…" } ]`
  return ['', 'Add to the settings of the desktop app (config.json):', `  ${member}`]
}

function nextStart({ isRunning, service }: AddedToDemo): readonly string[] {
  if (service.types.length === 0) return []
  return [
    `start again  ${isRunning ? 'stop the demo with Ctrl-C, then ' : ''}npm start   the PDP reads this at its start`,
  ]
}

function asJson(added: Added, file: string): string {
  const { secret: _secret, ...service } = added.service
  const more = 'registration' in added ? { pdp_services: added.registration } : { running: added.isRunning }
  return `${JSON.stringify({ ...service, env_file: file, ...more })}\n`
}
