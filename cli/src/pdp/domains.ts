/**
 * What the PDP's domains know: titles, types, actions, attributes and gates, for checks of what was typed before anything is sent.
 *
 * @module
 */
import { type Domain, domainListSchema } from '@mandate/protocol'
import { nameAdvice } from '@mandate/service/nearest-name'
import { CommandError, usageError } from '../exit.ts'
import type { Pdp } from './client.ts'

/** The domains in force. */
export async function domainsOf(pdp: Pdp): Promise<readonly Domain[]> {
  return (await pdp.call({ path: '/v1/domains' }, domainListSchema)).items
}

/** As {@link domainsOf}, or none for a caller that may not list them, such as an API key. */
export async function knownDomains(pdp: Pdp): Promise<readonly Domain[]> {
  try {
    return await domainsOf(pdp)
  } catch (error) {
    if (error instanceof CommandError && error.code === 'forbidden') return []
    throw error
  }
}

/** Requires a name to be known. @throws CommandError (exit 64) with the nearest one, or all when they are few. */
export function requireKnown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  throw usageError(`There is no ${what} ${name}. ${nameAdvice(name, known)}`)
}

/** The domain that a resource type belongs to. @throws CommandError (exit 64) for an unknown type. */
export function domainOfType(domains: readonly Domain[], type: string): Domain {
  const typesOf = (domain: Domain): readonly string[] => [
    ...Object.keys(domain.resources),
    ...(domain.account ? [domain.account] : []),
  ]
  requireKnown('resource type', type, domains.flatMap(typesOf))
  const found = domains.find((domain) => typesOf(domain).includes(type))
  if (!found) throw new TypeError('the type is known')
  return found
}

/** The domain of a grant's scope, `TYPE:ID` or `all:DOMAIN`. @throws CommandError (exit 64) for an unknown type or domain. */
export function domainOfScope(domains: readonly Domain[], scope: string): Domain {
  const [type = '', id = ''] = scope.split(/:(.*)/su)
  if (type !== 'all') return domainOfType(domains, type)
  requireKnown(
    'domain',
    id,
    domains.map(({ domain }) => domain),
  )
  return domains.find(({ domain }) => domain === id) ?? domainOfType(domains, type)
}

/** The domain that has a title. @throws CommandError (exit 64) for an unknown title. */
export function domainOfTitle(domains: readonly Domain[], title: string): Domain {
  requireKnown(
    'title',
    title,
    domains.flatMap(({ titles }) => Object.keys(titles)),
  )
  const found = domains.find(({ titles }) => Object.hasOwn(titles, title))
  if (!found) throw new TypeError('the title is known')
  return found
}
