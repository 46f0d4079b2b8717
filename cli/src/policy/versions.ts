/**
 * `mandate policy load`, `rollback` and `list`: versions of the policies of a running PDP, for operators.
 *
 * @module
 */
import { type PolicyRecord, policyRecordSchema } from '@mandate/protocol'
import { z } from 'zod'
import type { ConnectionOptions, Work } from '../command-line.ts'
import { CommandError, EXIT } from '../exit.ts'
import { minuteText, print, table } from '../output.ts'
import { connect, type Pdp } from '../pdp/client.ts'
import { requireKnown } from '../pdp/domains.ts'

const listSchema = z.object({ items: z.array(policyRecordSchema) })

const versionsOf = async (pdp: Pdp): Promise<readonly PolicyRecord[]> =>
  (await pdp.call({ path: '/v1/policies' }, listSchema)).items

export const listVersions: Work<ConnectionOptions> = async (io, { options }) => {
  const versions = await versionsOf(await connect(io, options))
  print(io, options, versions, () =>
    table(
      ['IN FORCE', 'LOADED', 'VERSION'],
      versions.map(({ version, loaded_at, in_force }) => [in_force ? 'yes' : '', minuteText(loaded_at), version]),
    ),
  )
  return undefined
}

export const loadFolder: Work<ConnectionOptions> = async (io, { options }) => {
  const pdp = await connect(io, options)
  const loaded = await pdp.call({ method: 'POST', path: '/v1/policies/load' }, policyRecordSchema)
  print(io, options, loaded, () => [`In force: ${loaded.version}`])
  return undefined
}

/** Activates the version that was named; without one, the newest that was loaded before the one in force. */
export const rollBack: Work<ConnectionOptions> = async (io, { options, args: [named] }) => {
  const pdp = await connect(io, options)
  const versions = await versionsOf(pdp)
  const version = named === undefined ? previousOf(versions) : fullVersion(named, versions)
  const request = { method: 'POST', path: '/v1/policies/activate', body: { version } } as const
  const active = await pdp.call(request, policyRecordSchema)
  print(io, options, active, () => [`In force: ${active.version}`])
  return undefined
}

function previousOf(versions: readonly PolicyRecord[]): string {
  const current = versions.findIndex(({ in_force }) => in_force)
  const previous = versions[current + 1]
  if (previous) return previous.version
  throw new CommandError(EXIT.notFound, 'No version was loaded before the one in force.', {
    code: 'version',
    mend: 'See mandate policy list.',
  })
}

/** `lab@0123456789ab` is enough for the version of several packs, when only one has it. */
function fullVersion(named: string, versions: readonly PolicyRecord[]): string {
  const having = versions.filter(({ version }) => version === named || version.split(' ').includes(named))
  const [only, another] = having
  if (only && (!another || only.version === named)) return only.version
  if (another)
    throw new CommandError(EXIT.usage, `Several versions contain ${named}; name one whole.`, {
      code: 'usage',
      mend: having.map(({ version }) => version).join('\n'),
    })
  requireKnown(
    'version',
    named,
    versions.flatMap(({ version }) => [version, ...version.split(' ')]),
  )
  return named
}
