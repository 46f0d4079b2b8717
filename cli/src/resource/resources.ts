/**
 * `mandate resource`, by the token of the service that its type is registered for.
 *
 * @module
 */
import { type ResourceRecord, resourceRecordSchema } from '@mandate/protocol'
import type { ConnectionOptions, ServiceOptions, Work } from '../command-line.ts'
import { usageError } from '../exit.ts'
import { fields, print } from '../output.ts'
import { connectAsService } from '../pdp/client.ts'
import { domainOfType, domainsOf } from '../pdp/domains.ts'
import { requireParty, requireResource } from '../pdp/party.ts'

type Options = ConnectionOptions & ServiceOptions

interface RegisterOptions extends Options {
  readonly owner?: string
  readonly persona?: string
  readonly parent?: string
}

interface TransferOptions extends Options {
  readonly to: string
  readonly persona?: string
}

export const registerResource: Work<RegisterOptions> = async (io, { options, args: [text = ''] }) => {
  const { owner, parent, persona } = options
  const { type, id } = requireResource('The resource', text)
  if ((owner === undefined) === (parent === undefined)) throw usageError('Give either --owner or --parent.')
  if (parent !== undefined && persona !== undefined)
    throw usageError('--persona goes with --owner: it is that of the owner.')
  const above = parent === undefined ? undefined : requireResource('--parent', parent)
  const pdp = await connectAsService(io, options)
  const domains = await domainsOf(pdp)
  for (const each of [type, ...(above ? [above.type] : [])]) domainOfType(domains, each)
  const body = owner === undefined ? { parent } : { owner: requireParty('--owner', owner), owner_persona: persona }
  const record = await pdp.call({ method: 'PUT', path: pathOf(type, id), body }, resourceRecordSchema)
  print(io, options, record, () => ['Registered.', ...lines(record)])
  return undefined
}

export const showResource: Work<Options> = async (io, { options, args: [text = ''] }) => {
  const { type, id } = requireResource('The resource', text)
  const pdp = await connectAsService(io, options)
  domainOfType(await domainsOf(pdp), type)
  const record = await pdp.call({ path: pathOf(type, id) }, resourceRecordSchema)
  print(io, options, record, () => lines(record))
  return undefined
}

export const transferResource: Work<TransferOptions> = async (io, { options, args: [text = ''] }) => {
  const { type, id } = requireResource('The resource', text)
  const body = { owner: requireParty('--to', options.to), owner_persona: options.persona }
  const pdp = await connectAsService(io, options)
  domainOfType(await domainsOf(pdp), type)
  const request = { method: 'POST', path: `${pathOf(type, id)}/transfer`, body } as const
  const record = await pdp.call(request, resourceRecordSchema)
  print(io, options, record, () => ['Transferred. Every grant on it has ended.', ...lines(record)])
  return undefined
}

const pathOf = (type: string, id: string): string =>
  `/v1/resources/${encodeURIComponent(type)}/${encodeURIComponent(id)}`

const lines = ({ type, id, owner, owner_persona, parent }: ResourceRecord): readonly string[] =>
  fields({ resource: `${type}:${id}`, owner, persona: owner_persona, parent })
