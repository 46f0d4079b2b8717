/**
 * Suggestions for filters that match nothing because of a misspelt name. Never refuses a filter that matches: entries may name what older policies had.
 *
 * @module
 */
import { type Domain, domainListSchema, PROBLEMS, REASON_CODES } from '@mandate/protocol'
import { nameAdvice, nearestName } from '@mandate/service/nearest-name'
import type { LogLocation } from './command-line.ts'
import { requestPdp } from './pdp-client.ts'
import { UsageError } from './usage-error.ts'

/**
 * Checks the filters of a query without a match by the names that exist: reasons and problems of the protocol, and where a PDP is asked, the types,
 * actions and reasons of its domains.
 *
 * @throws UsageError naming the first unknown one, with the nearest known.
 */
export async function requireKnownNames(
  filters: Readonly<Record<string, string>>,
  location: LogLocation,
): Promise<void> {
  const domains = 'server' in location ? await domainsAt(location) : []
  const { reason, action } = filters
  if (reason !== undefined) {
    const gates = domains.flatMap((domain) => [
      ...Object.keys(domain.reasons),
      ...domain.gates.map((gate) => gate.reason),
    ])
    requireName('reason', reason, [...REASON_CODES, ...Object.keys(PROBLEMS), ...gates])
  }
  // Without domains any name may exist.
  if (domains.length === 0) return
  if (action !== undefined)
    requireName(
      'action',
      action,
      domains.flatMap(({ actions }) => Object.keys(actions)),
    )
  const types = domains.flatMap(({ resources, account }) => [...Object.keys(resources), ...(account ? [account] : [])])
  for (const option of ['resource', 'under']) {
    const [type] = filters[option]?.split(':') ?? []
    if (type !== undefined) requireName(option, type, types, 'resource type')
  }
}

function requireName(option: string, name: string, known: readonly string[], what = option): void {
  if (known.includes(name)) return
  if (option === 'reason' && nearestName(name, known) === undefined) return
  throw new UsageError(`--${option}: no entry matches, and there is no ${what} ${name}. ${nameAdvice(name, known)}`)
}

/** None where the PDP does not tell, since the answer to the query is what matters. */
async function domainsAt({ server }: Extract<LogLocation, { server: unknown }>): Promise<readonly Domain[]> {
  try {
    const parsed = domainListSchema.safeParse(await (await requestPdp(server, '/v1/domains')).json())
    return parsed.success ? parsed.data.items : []
  } catch {
    return []
  }
}
