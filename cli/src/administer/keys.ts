/**
 * API keys, for operators. A key is written to a private file and never printed.
 *
 * @module
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { type Key, keySchema } from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { instantOf } from '../duration.ts'
import { CommandError, EXIT } from '../exit.ts'
import { minuteText, print, table } from '../output.ts'
import { connect } from '../pdp/client.ts'
import { domainOfType, domainsOf } from '../pdp/domains.ts'

interface CreateOptions extends ConnectionOptions {
  readonly types: string
  readonly out: string
  readonly for: string
}

export const createKey: Work<CreateOptions> = async (io, { options, args: [name] }) => {
  const types = options.types.split(',').map((type) => type.trim())
  const expires_at = instantOf(options.for, '--for', Date.now())
  const pdp = await connect(io, options)
  const domains = await domainsOf(pdp)
  for (const type of types) domainOfType(domains, type)
  // Opened first: a key that cannot be written would have to be revoked.
  const file = openNew(options.out)
  try {
    const { key = '', ...shown } = await pdp.call(
      { method: 'POST', path: '/v1/keys', body: { name, types, expires_at } },
      keySchema,
    )
    writeSync(file, `${key}\n`)
    print(io, options, { ...shown, file: options.out }, () => [
      `${shown.name} is in ${options.out}, valid until ${minuteText(shown.expires_at)}.`,
      `Ask with it: mandate ask … --token-file ${options.out}`,
      `Revoke it: mandate key revoke ${shown.id}`,
    ])
  } catch (error) {
    rmSync(options.out, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  return undefined
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    throw new CommandError(EXIT.notFound, `${path} ${exists ? 'exists already' : 'cannot be written'}.`, {
      code: 'file',
      mend: 'Give another file: --out FILE.',
      cause,
    })
  }
}

export const listKeys: Work<ConnectionOptions> = async (io, { options }) => {
  const pdp = await connect(io, options)
  const { items } = await pdp.call({ path: '/v1/keys' }, z.object({ items: z.array(keySchema) }))
  const status = ({ revoked_at, expires_at }: Key): string => {
    if (revoked_at !== undefined) return 'revoked'
    return Date.parse(expires_at) <= Date.now() ? 'expired' : 'valid'
  }
  print(io, options, items, () =>
    items.length === 0
      ? ['There are no keys.']
      : table(
          ['KEY', 'NAME', 'STATUS', 'TYPES', 'UNTIL'],
          items.map((key) => [key.id, key.name, status(key), key.types.join(','), minuteText(key.expires_at)]),
        ),
  )
  return undefined
}

export const revokeKey: Work<ConnectionOptions> = async (io, { options, args: [id = ''] }) => {
  const pdp = await connect(io, options)
  await pdp.call({ method: 'DELETE', path: `/v1/keys/${encodeURIComponent(id)}` }, z.undefined())
  print(io, options, { id, revoked: true }, () => [`${id} is revoked.`])
  return undefined
}
