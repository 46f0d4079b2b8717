/**
 * `mandate service list`.
 *
 * @module
 */
import type { Work } from '../command-line.ts'
import { print, table } from '../output.ts'
import { withStackErrors } from './stack-errors.ts'

export const listServices: Work<{ readonly json?: true }> = async (io, { options }) => {
  const { servicesOfDemo } = await import('@mandate/stack')
  const services = await withStackErrors(async () => servicesOfDemo())
  print(io, options, services, () =>
    services.length === 0
      ? ['No services were added. Add one: mandate service add NAME --pack DIR']
      : table(
          ['NAME', 'KIND', 'TYPES', 'CALLS', 'ADDRESS'],
          services.map(({ name, types, calls, redirectUris, url }) => [
            name,
            types.length > 0 ? 'service' : redirectUris ? 'host' : 'agent',
            types.join(', '),
            calls.join(', '),
            url ?? redirectUris?.join(', '),
          ]),
        ),
  )
  return undefined
}
