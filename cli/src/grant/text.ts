/**
 * Grants in words.
 *
 * @module
 */
import type { Domain, Grant, Link } from '@mandate/protocol'
import { fields, minuteText } from '../output.ts'
import { attributeOf, boundText } from '../pdp/measure.ts'

/** The terms of a grant, one a line. @param domains - Those that its attributes may be of. */
export function grantLines(grant: Partial<Grant>, domains: readonly Domain[]): readonly string[] {
  const { limits = [], redelegations = 0 } = grant
  const limit = (one: (typeof limits)[number]): string => {
    const domain = domains.find(({ attributes }) => Object.hasOwn(attributes, one.attribute))
    const attribute = domain && attributeOf(domain, one.attribute)
    return `${attribute?.label ?? one.attribute} ${boundText(one, attribute)}`
  }
  return fields({
    id: grant.id,
    status: grant.status,
    from: grant.delegator && `${grant.delegator}${grant.delegator_persona ? ` as ${grant.delegator_persona}` : ''}`,
    to: grant.delegate && `${grant.delegate}${grant.delegate_persona ? ` as ${grant.delegate_persona}` : ''}`,
    owner: grant.owner,
    actions: grant.actions?.join(', '),
    on: grant.scope,
    limits: limits.length === 0 ? 'none of its own' : limits.map(limit).join('; '),
    until: grant.expires_at && minuteText(grant.expires_at),
    'passed on': redelegations === 0 ? 'may not be' : `at most ${redelegations} more`,
    unattended: grant.unattended ? 'yes: without a person acting through the agent' : undefined,
    parent: grant.parent,
    revoked: grant.revoked_at && `${minuteText(grant.revoked_at)} by ${grant.revoked_by}: ${grant.revoke_reason}`,
    'replaced by': grant.replaced_by,
  })
}

/** A chain as a tree, the owner first. */
export function chainLines(chain: readonly Link[], owner: string | undefined): readonly string[] {
  const [first] = chain
  if (!first) return []
  return [
    `${first.delegator}${first.delegator === owner ? ' (owner)' : ''}`,
    ...chain.flatMap((link, depth) => {
      const indent = '   '.repeat(depth)
      const terms = `${link.actions.join(', ')} on ${link.scope} until ${minuteText(link.expires_at)}`
      return [`${indent}└─ ${terms} (grant ${link.grant})`, `${indent}   ${link.delegate}`]
    }),
  ]
}
