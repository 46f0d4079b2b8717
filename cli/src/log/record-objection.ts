/**
 * Whether a permit in the log agrees with what its own entry says. Pure. That no grant was used after its end is checked by `log verify`, which reads
 * the entries about grants.
 *
 * @module
 */
import type { Entry } from '@mandate/protocol'

/** Why an entry contradicts itself; `undefined` when it does not. Denials claim no authority. */
export function recordObjection(entry: Entry): string | undefined {
  const { decision, reasons = [], chain = [], owner, subject, actor, as_of, at } = entry
  if (decision !== true) return undefined
  const [reason, ...more] = reasons
  if (reason === undefined || more.length > 0) return `a permit has one reason, and this one has ${reasons.length}`
  const [first] = chain
  if (first === undefined) return reason.code === 'delegated' ? 'permits by grants, and has none' : undefined
  if (owner !== undefined && first.delegator !== owner)
    return `grant ${first.grant} is of ${first.delegator}, and the owner is ${owner}`
  const decidedAt = Date.parse(as_of?.at ?? at)
  for (const [index, { grant, delegate, expires_at }] of chain.entries()) {
    const next = chain[index + 1]
    if (next !== undefined && next.delegator !== delegate)
      return `grant ${next.grant} is of ${next.delegator}, and grant ${grant} was given to ${delegate}`
    if (Date.parse(expires_at) <= decidedAt) return `grant ${grant} had expired at ${expires_at}`
  }
  const last = chain.at(-1)
  const acting = actor ?? subject
  if (last !== undefined && acting !== undefined && last.delegate !== acting)
    return `grant ${last.grant} was given to ${last.delegate}, and ${acting} acted`
  return undefined
}
