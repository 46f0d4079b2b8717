/**
 * `mandate service list`.
 *
 * @module
 */
import type { Work } from '../command-line.ts'
import { withStackErrors } from './stack-errors.ts'

export const listServices: Work<{ readonly json?: true }> = async (io, { options }) => {
  const { servicesOfDemo } = await import('@mandate/stack')
  const services = await withStackErrors(async () => servicesOfDemo())
  if (options.json) io.out(`${JSON.stringify(services)}\n`)
  else if (services.length === 0) io.out('No services were added. Add one: mandate service add NAME --pack DIR\n')
  else
    for (const { name, types, calls, redirectUris } of services)
      io.out(
        `${name.padEnd(16)}  ${types.join(', ') || `${redirectUris ? 'host' : 'agent'}, calls ${calls.join(', ')}`}\n`,
      )
  return undefined
}
