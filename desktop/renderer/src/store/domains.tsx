/**
 * The domains in force, for every screen: what their actions, things and limits are called. Nothing in the window names a domain.
 *
 * @module
 */
import type { Domain } from '@mandate/protocol'
import { type Domains, DomainsContext, domainOfScope, useDomains } from '@mandate/ui'
import type { ComponentChildren, JSX } from 'preact'
import { strings } from '../strings.ts'
import { useAround, useCall } from './hooks.tsx'

/** Loads the domains once, and gives them to every component below it. Until then the list is empty, and names are shown as they are. */
export function DomainsProvider({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const domains = useCall('domains.list')
  const items = domains.state === 'there' ? domains.value.items : NONE
  return <DomainsContext.Provider value={items}>{children}</DomainsContext.Provider>
}

const NONE: Domains = []

/**
 * Actions that a grant can give, in the order in which they are shown: those that others imply, those that limits bind, the rest, and last those
 * on the whole account.
 */
export function actionsOf(domain: Domain | undefined): readonly string[] {
  if (!domain) return []
  const { actions } = domain
  const implied = new Set(Object.values(actions).flatMap(({ implies }) => implies))
  const rankOf = (name: string): number => {
    if (implied.has(name)) return 0
    if (actions[name]?.on === 'account') return 3
    return actions[name]?.limited ? 1 : 2
  }
  const grantable = Object.keys(actions).filter((name) => actions[name]?.grantable)
  return grantable.toSorted((one, other) => rankOf(one) - rankOf(other))
}

/** An action as a verb: `book`. An action that the domain does not declare is shown by its name. */
export function verbOf(action: string, domain: Domain | undefined): string {
  const declared = domain && Object.hasOwn(domain.actions, action) ? domain.actions[action] : undefined
  return declared?.verb ?? action.replaceAll('_', ' ')
}

/** A persona's title by its label, in the middle of a sentence: `travel agent`. A title that no domain declares is shown by its name. */
export function titleWords(title: string, domains: Domains): string {
  const label = domains.find(({ titles }) => Object.hasOwn(titles, title))?.titles[title]?.label
  if (label === undefined) return title.replaceAll('-', ' ')
  // Abbreviations stay: `RN`.
  return /^\p{Lu}\p{Ll}/u.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label
}

/** Actions as verbs: `see and book`. Always in the order of {@link actionsOf}. */
export function actsOn(actions: readonly string[], domain: Domain | undefined): string {
  const known = actionsOf(domain).filter((action) => actions.includes(action))
  const others = actions.filter((action) => !known.includes(action))
  return strings.list([...known, ...others].map((action) => verbOf(action, domain)))
}

/** What actions on the account of a domain create: `trips`. */
export function creationsOf({ resources }: Domain): string {
  const topmost = Object.values(resources).filter(({ parent }) => parent === undefined)
  return strings.list(topmost.map(({ called }) => called.many))
}

/** Actions with their object: `see and book Three days in Milan`; of actions on the account it is what they create: `create trips`. */
export function actsWithObject(actions: readonly string[], thing: string, domain: Domain | undefined): string {
  const isOnAccount = (action: string): boolean => domain?.actions[action]?.on === 'account'
  const onThing = actions.filter((action) => !isOnAccount(action))
  const onAccount = actions.filter(isOnAccount)
  return strings.list([
    ...(onThing.length > 0 ? [`${actsOn(onThing, domain)} ${thing}`] : []),
    ...(domain && onAccount.length > 0 ? [`${actsOn(onAccount, domain)} ${creationsOf(domain)}`] : []),
  ])
}

/** All of an owner's in a domain: `all trips`. */
export function everythingOf(name: string, domains: Domains): string {
  return domainOfScope(`all:${name}`, domains)?.everything ?? strings.things.all(name)
}

/** Finds the domain of a scope; without one, the first domain of the persona that the person acts in. */
export function useDomainOf(): (scope: string | undefined) => Domain | undefined {
  const { session } = useAround()
  const domains = useDomains()
  const acting = session.persona === undefined ? [] : [session.persona]
  return (scope) => domainOfScope(scope, domains) ?? ownedDomains(acting, domains)[0]
}

/** The domains of which a person can give everything: those of their personas' titles, or else every domain in which things are owned. */
export function ownedDomains(personas: readonly string[], domains: Domains): Domains {
  const owned = domains.filter(({ account }) => account !== undefined)
  const held = personas.map((persona) => persona.split('/')[0] ?? '')
  const ofTitle = owned.filter(({ titles }) => held.some((title) => Object.hasOwn(titles, title)))
  return ofTitle.length > 0 ? ofTitle : owned
}
