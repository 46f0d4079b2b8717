/**
 * Texts and amounts of domains, looked up in what the PDP serves (`GET /v1/domains`): pages know no domain. For a domain that is not in force any
 * more, codes and plain numbers are shown. Pure, but for the context.
 *
 * @module
 */
import {
  coreReason,
  type Domain,
  type DomainAttribute,
  type Limit,
  type LoggedEntry,
  type ReasonText,
} from '@mandate/protocol'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { counted, money, plural, spaced, span } from './words.ts'

/** The domains in force. Empty until they are loaded. */
export type Domains = readonly Domain[]

/** Gives every component below it the domains in force. */
export const DomainsContext = createContext<Domains>([])

/** The domains in force; empty until they are loaded. */
export const useDomains = (): Domains => useContext(DomainsContext)

/** One reason of a logged decision. */
export type Reason = NonNullable<LoggedEntry['reasons']>[number]

/** The domain of a resource or scope: `workflow:01J…`, `travel_account:p_…`, `all:travel`. */
export function domainOfScope(scope: string | undefined, domains: Domains): Domain | undefined {
  const [type = '', id = ''] = (scope ?? '').split(':')
  if (type === 'all') return domains.find(({ domain }) => domain === id)
  return domains.find(({ account, resources }) => account === type || Object.hasOwn(resources, type))
}

/** The domain that an entry is about: that of its resource, else of the policy that it was decided under. */
export function domainOfEntry(
  { resource, target, policy }: Pick<LoggedEntry, 'resource' | 'target' | 'policy'>,
  domains: Domains,
): Domain | undefined {
  const ofResource = domainOfScope(resource ?? target, domains)
  return ofResource ?? domains.find(({ domain }) => policy?.split('@')[0] === domain)
}

/** Finds the domain of a reason: the one that declares its gate, else the one that declares its attribute. */
export function domainOfReason({ code, gate, attribute }: Partial<Reason>, domains: Domains): Domain | undefined {
  const ofGate = domains.find(({ gates }) => gates.some((one) => one.name === gate && one.reason === code))
  if (ofGate || attribute === undefined) return ofGate
  return domains.find(({ attributes }) => Object.hasOwn(attributes, attribute))
}

/** An attribute as its domain declares it. */
export function attributeOf(name: string | undefined, domain: Domain | undefined): DomainAttribute | undefined {
  return name !== undefined && domain && Object.hasOwn(domain.attributes, name) ? domain.attributes[name] : undefined
}

/**
 * The texts of a reason code.
 *
 * @param domain - The domain of the decision, where it is known: two domains may use one code for different gates.
 * @returns `undefined` for a code of a gate that no domain in force has.
 */
export function reasonText(code: string, domains: Domains, domain?: Domain): ReasonText | undefined {
  const core = coreReason(code)
  if (core) return core
  const found = [...(domain ? [domain] : []), ...domains].find(({ reasons }) => Object.hasOwn(reasons, code))
  const texts = found?.reasons[code]
  if (!texts) return undefined
  const { user, admin, cure, owner, owner_cure } = texts
  return {
    user,
    admin,
    cure,
    ...(owner === undefined ? {} : { owner }),
    ...(owner_cure === undefined ? {} : { owner_cure }),
  }
}

/** A value of an attribute in its unit: money by its currency, an instant (in seconds ahead) as days or hours. */
export function amount(
  value: number | string | undefined,
  currency: string | undefined,
  attribute: DomainAttribute | undefined,
): string {
  if (value === undefined) return '–'
  if (typeof value === 'string') return value
  if (currency !== undefined) return money(value, currency)
  if (attribute?.type === 'instant') return span(value)
  return attribute?.unit ? plural(value, attribute.unit.one, attribute.unit.many) : counted(value)
}

/** The value and the limit that a reason names; `undefined` where it names neither. */
export function numbers(reason: Reason, domains: Domains, domain?: Domain): string | undefined {
  const { limit, actual } = reason
  if (limit === undefined && actual === undefined) return undefined
  const { actual: is, limit: bound } = amounts(reason, domains, domain)
  return `${is}, and the limit is ${bound}`
}

/** The value and the limit that a reason names, each in its unit. */
export function amounts(
  reason: Partial<Reason>,
  domains: Domains,
  domain = domainOfReason(reason, domains),
): { readonly actual: string; readonly limit: string } {
  const { limit, actual, currency, attribute } = reason
  const declared = attributeOf(attribute, domain)
  return { actual: amount(actual, currency, declared), limit: amount(limit, currency, declared) }
}

/** A grant's limit in words: `planned price at most EUR 4,100.00`. */
export function limitWords(limit: Limit, domain: Domain | undefined): string {
  const { attribute, at_most: most, at_least: least, currency } = limit
  const declared = attributeOf(attribute, domain)
  const bounds = [
    ...(most === undefined ? [] : [`at most ${amount(most, currency, declared)}`]),
    ...(least === undefined ? [] : [`at least ${amount(least, currency, declared)}`]),
  ]
  const ahead = least !== undefined && declared?.type === 'instant' ? ' ahead' : ''
  return `${declared?.label ?? spaced(attribute)} ${bounds.join(' and ')}${ahead}`
}

/** Reason codes of the gates of all domains in force, each once. Codes of the core are not among them. */
export function gateCodes(domains: Domains): readonly string[] {
  return [...new Set(domains.flatMap(({ reasons }) => Object.keys(reasons)))]
}
