/**
 * Reconstructs the evaluation of a log entry, to decide it again by the same policy or by another. Reports what the entry does not hold, and never
 * invents it. Pure.
 *
 * @module
 */
import { type Entry, type PartyRef, type ResourceRef, splitRef } from '@mandate/protocol'
import { isMeasure, type Manifest } from '../policy/manifest.ts'
import { SECTIONS } from '../policy/model.ts'
import type { Pack, Policies } from '../policy/pack.ts'
import type { Evaluation } from './evaluation.ts'

/** Why an evaluation cannot be reconstructed, with a text for each. */
export const NOT_REPLAYABLE = {
  no_evaluation: 'it is no evaluation',
  hidden: 'the log holds a name or an id of it only as a commitment',
  type_unknown: 'no domain of the policy knows its resource type',
  attributes_misfit: 'its attributes are not those of the policy that it is read by',
} as const

/** Why the question of an entry cannot be asked again. */
export interface NotReplayable {
  readonly why: keyof typeof NOT_REPLAYABLE
  /** The member of the entry that prevents it. */
  readonly member: string
}

/** A question that was rebuilt from its entry in the log. */
export interface ReplayableEntry {
  readonly evaluation: Evaluation
  /**
   * Parts of the request that the log may have left out: `resource.planned_price`, `persona`. If the policy uses one of them ({@link looksAt}), the
   * decision would be about another request.
   */
  readonly unknown: ReadonlySet<string>
}

/** A salted commitment that stands for a name or an id. */
const COMMITMENT = /^~[A-Za-z0-9_-]{22}$/u
const isHidden = (text: string | undefined): boolean =>
  text !== undefined && COMMITMENT.test(text.includes(':') ? splitRef(text).id : text)

/**
 * @param policies - The policies to read the entry by: best those of the decision. By other policies, every attribute that the entry lacks is
 *   unknown, since the policy of the decision may not have used it.
 */
export function evaluationOf(entry: Entry, policies: Pick<Policies, 'byType'>): ReplayableEntry | NotReplayable {
  const { kind, subject, actor, action, resource } = entry
  if (kind !== 'evaluation' || subject === undefined || action === undefined || resource === undefined)
    return { why: 'no_evaluation', member: 'kind' }
  for (const [member, text] of Object.entries({ subject, actor, action, resource }))
    if (isHidden(text)) return { why: 'hidden', member }
  const pack = policies.byType.get(splitRef(resource).type)
  if (!pack) return { why: 'type_unknown', member: 'resource' }
  const sent = sentBy(entry, pack.manifest)
  if ('why' in sent) return sent
  const { persona, unknown } = personaOf(entry)
  return {
    evaluation: {
      subject: subject as PartyRef,
      actor: actor as PartyRef | undefined,
      persona,
      about: { subject: sent.subject, action: sent.action },
      action,
      resource: resource as ResourceRef,
      attributes: sent.resource,
    },
    unknown: new Set([...unknown, ...unknownAttributes(entry, pack, action, sent)]),
  }
}

type Sent = Readonly<Record<'subject' | 'resource' | 'action', Readonly<Record<string, unknown>>>>

const ruleOf = ({ actions }: Manifest, action: string) => (Object.hasOwn(actions, action) ? actions[action] : undefined)

/** Inverse of `Attributes.logged`: `planned_price.EUR` becomes money, an instant stays text. */
function sentBy({ action = '', attributes = {} }: Entry, manifest: Manifest): Sent | NotReplayable {
  const isRelation = ruleOf(manifest, action)?.relation !== undefined
  const sent = { subject: new Map<string, unknown>(), resource: new Map(), action: new Map() }
  for (const [key, value] of Object.entries(attributes)) {
    const [head = '', tail] = splitKey(key)
    const of = isRelation
      ? SECTIONS.find(([, whose]) => whose === head)
      : SECTIONS.find(([, whose]) => whose === 'resource')
    const name = isRelation ? (tail ?? '') : head
    const rule = of && Object.hasOwn(manifest[of[0]], name) ? manifest[of[0]][name] : undefined
    const unit = isRelation ? undefined : tail
    if (!of || !rule || (rule.type === 'money') !== (unit !== undefined))
      return { why: 'attributes_misfit', member: `attributes.${key}` }
    sent[of[1]].set(name, unit === undefined ? value : { amount: value, currency: unit })
  }
  return {
    subject: Object.fromEntries(sent.subject),
    resource: Object.fromEntries(sent.resource),
    action: Object.fromEntries(sent.action),
  }
}

/** Splits at the first dot: names and units have none. */
function splitKey(key: string): readonly [string, string | undefined] {
  const dot = key.indexOf('.')
  return dot < 0 ? [key, undefined] : [key.slice(0, dot), key.slice(dot + 1)]
}

/** Agents have no persona. Where a domain's own model decides, the log hides the persona even when the subject holds it. */
function personaOf({ subject = '', persona }: Entry): {
  readonly persona: string | undefined
  readonly unknown: readonly string[]
} {
  if (!isHidden(persona)) return { persona, unknown: [] }
  return { persona: undefined, unknown: subject.startsWith('user:') ? ['persona'] : [] }
}

/** Attributes that the entry does not hold, though the request may have had them. */
function unknownAttributes(
  { policy }: Entry,
  { manifest, version }: Pack,
  action: string,
  sent: Sent,
): readonly string[] {
  const rule = ruleOf(manifest, action)
  const isBound = rule?.limited || manifest.gates.some(({ actions }) => actions.includes(action))
  return SECTIONS.flatMap(([section, of]) =>
    Object.entries(manifest[section])
      .filter(([name, { type }]) => {
        if (Object.hasOwn(sent[of], name)) return false
        if (policy !== version) return true
        // The entry of a relation has all numbers and booleans, and no texts; any other has the resource's measures, if limits or gates apply.
        return rule?.relation ? !['number', 'integer', 'boolean'].includes(type) : !(isBound && of === 'resource')
      })
      .map(([name]) => `${of}.${name}`),
  )
}

/**
 * Finds the parts of a request that a policy may use to decide it, by the names of {@link ReplayableEntry.unknown}.
 *
 * @param bounded - Attributes that limits of grants may be about.
 */
export function looksAt(
  { subject, actor, action, resource }: Evaluation,
  policies: Pick<Policies, 'byType' | 'model'>,
  bounded: Iterable<string>,
): ReadonlySet<string> {
  const pack = policies.byType.get(splitRef(resource).type)
  const rule = pack && ruleOf(pack.manifest, action)
  if (!pack || !rule) return new Set()
  if (rule.relation) return new Set(conditionsOf(pack, policies))
  const isAgents = (actor ?? subject).startsWith('agent:')
  const gates = isAgents ? pack.manifest.gates.filter(({ actions }) => actions.includes(action)) : []
  const titled = subject.startsWith('user:') && Object.keys(pack.manifest.titles).length > 0
  const declared = [...bounded].filter((name) => {
    const attribute = Object.hasOwn(pack.manifest.attributes, name) ? pack.manifest.attributes[name] : undefined
    return rule.limited && attribute !== undefined && isMeasure(attribute.type)
  })
  return new Set([
    ...(titled ? ['persona'] : []),
    ...[...declared, ...gates.flatMap(({ attribute }) => attribute ?? [])].map((name) => `resource.${name}`),
  ])
}

/** Attributes that are parameters of the domain's conditions. */
function* conditionsOf({ name, manifest }: Pack, { model }: Pick<Policies, 'model'>): Iterable<string> {
  for (const { file, parameters } of model.conditions.values()) {
    if (file !== `${name}/model.fga`) continue
    for (const [section, of] of SECTIONS)
      for (const attribute of Object.keys(manifest[section]))
        if (parameters.has(`${of}_${attribute}`)) yield `${of}.${attribute}`
  }
}
