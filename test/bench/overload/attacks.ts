/**
 * Kinds of requests that one caller or address can flood a PDP with.
 *
 * @module
 */
import type { World } from '../../fixtures/world.ts'
import { findQuestion, type Place } from '../peers/place.ts'
import type { Flood } from './flooder.ts'

export interface Attack extends Pick<Flood, 'requests' | 'from' | 'connections'> {
  readonly name: string
}

/** The address of the victims: a caller behind the same proxy has it too. */
const SAME = '127.0.0.1'
const OTHER = '127.0.0.2'
/** A service that is registered for the same types as the victim's. */
export const FLOODER = 'flooder'
const CONNECTIONS = 512
const TOKEN_SECONDS = 840

/** @returns the attacks, each with the requests that it sends in turn. */
export async function prepareAttacks({ issuer }: Place, world: World): Promise<readonly Attack[]> {
  const service = await issuer.token({
    sub: `service-account-${FLOODER}`,
    azp: FLOODER,
    svc: FLOODER,
    lifetime: TOKEN_SECONDS,
  })
  const person = await issuer.token({ ...world.as('S'), lifetime: TOKEN_SECONDS })
  const auditor = await issuer.token({ ...world.staff('auditor'), lifetime: TOKEN_SECONDS })
  const one = findQuestion(world, 'chain of 3')
  const fifty = findQuestion(world, 'batch of 50')
  const owned = world.question({ subject: 'S', action: 'execute', item: 'dinner' })
  const common = { connections: CONNECTIONS, from: SAME }
  const evaluation = '/access/v1/evaluation'
  const batch = '/access/v1/evaluations'
  const search = {
    subject: world.question({ subject: 'A', action: 'read' })['subject'],
    action: { name: 'read' },
    resource: { type: 'workflow_item' },
  }
  return [
    { ...common, name: 'single decisions of a service', requests: [post(evaluation, service, one.body)] },
    { ...common, name: 'batches of 50 of a service', requests: [post(batch, service, fifty.body)] },
    { ...common, name: 'batches of 1,000 of a service', requests: [post(batch, service, largeBatch(one.body))] },
    {
      ...common,
      name: 'searches of a service',
      requests: [post('/access/v1/search/resource', service, JSON.stringify(search))],
    },
    { ...common, name: 'bodies of 1 MiB of a service', requests: [post(batch, service, filled(one.body))] },
    { ...common, name: 'decisions of a person', requests: [post(evaluation, person, JSON.stringify(owned))] },
    { ...common, name: 'grants, read by a person', requests: [get('/v1/grants', person)] },
    { ...common, name: 'log queries of an auditor', requests: [get('/v1/decisions?limit=100', auditor)] },
    { ...common, from: OTHER, name: 'no token', requests: [post(evaluation, undefined, one.body)] },
    {
      ...common,
      from: OTHER,
      name: 'forged tokens',
      requests: forgedOf(service).map((token) => post(evaluation, token, one.body)),
    },
    { ...common, from: OTHER, name: '/readyz', requests: [get('/readyz')] },
    { ...common, from: OTHER, name: '/openapi.json', requests: [get('/openapi.json')] },
    { ...common, from: OTHER, name: 'new connections', requests: [] },
  ]
}

const get = (path: string, token?: string): string => `GET ${path} HTTP/1.1\r\nhost: pdp\r\n${authorization(token)}\r\n`

const post = (path: string, token: string | undefined, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: pdp\r\n${authorization(token)}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

const authorization = (token: string | undefined): string =>
  token === undefined ? '' : `authorization: Bearer ${token}\r\n`

function largeBatch(body: string): string {
  const { subject, action, resource } = JSON.parse(body) as Readonly<Record<string, unknown>>
  return JSON.stringify({ subject, action, resource, evaluations: Array.from({ length: 1_000 }, () => ({})) })
}

function filled(body: string): string {
  const { subject, action, resource } = JSON.parse(body) as Readonly<Record<string, unknown>>
  // Many small members cost a parser more than one long text.
  const context = { filler: Array.from({ length: 90_000 }, (_, at) => at) }
  const text = JSON.stringify({ subject, action, resource, context, evaluations: [{}] })
  return text.padEnd(2 ** 20 - 1_024, ' ')
}

/** Tokens whose signatures are wrong, each another: none is known from before. */
function forgedOf(token: string): readonly string[] {
  const [head, claims, signature = ''] = token.split('.')
  return Array.from({ length: 512 }, (_, at) => {
    const wrong = at.toString(36).padStart(3, '0')
    return `${head}.${claims}.${wrong}${signature.slice(3)}`
  })
}
