/**
 * Facts of domains whose own model decides: stored and removed by the domain's services. What the model does not allow is refused by name
 * before anything is changed.
 *
 * @module
 */
import { refuse, splitRef } from '@mandate/protocol'
import { type Fact, factKey, isAboutEverybody, type RelationFact } from '../facts.ts'
import type { Manifest } from '../policy/manifest.ts'
import type { Assignable, ConditionView, ModelView } from '../policy/model.ts'
import type { Pack } from '../policy/pack.ts'
import { isAsked } from '../policy/parameters.ts'
import { changeBy, type PapDeps, type Principal } from './pap.ts'
import { turnOf } from './turns.ts'

export interface FactChange {
  readonly domain: string
  readonly write: readonly Fact[]
  readonly remove: readonly Fact[]
}

/** What the request names, for messages: `write.3`. */
type Place = string

/** @returns How many facts changed; what stood already, or was not there, is no change. */
export async function changeFacts(
  deps: PapDeps,
  { domain, write, remove }: FactChange,
  by: Principal,
): Promise<{ readonly written: number; readonly removed: number }> {
  const pack = requireDomain(deps, domain, by)
  const { view } = deps.policies()
  for (const [name, facts] of [
    ['write', write],
    ['remove', remove],
  ] as const)
    for (const [index, fact] of facts.entries()) requireFits(pack, view, fact, `${name}.${index}`, by)
  requireDistinct([...write, ...remove])
  return deps.turns.take(turnOf.facts(domain), async () => {
    const fresh = write.filter((fact) => !deps.facts.has(fact))
    // Authority is taken before it is said so, and given only once it is (ADR 0003).
    await deps.factWriter.remove(remove)
    if (fresh.length + remove.length > 0)
      await deps.record([
        { kind: 'facts_changed', ...changeBy(by), target: domain, change: changeOf(deps, fresh, remove) },
      ])
    deps.facts.change(fresh, remove)
    // Also what is remembered already: an earlier try may have been cut short.
    await deps.factWriter.put(write)
    return { written: fresh.length, removed: remove.length }
  })
}

/** Every fact in which a person stands: as a subject, or as a resource of a type that has people's ids. */
export function factsOf({ policies, facts }: Pick<PapDeps, 'policies' | 'facts'>, pseudonym: string): readonly Fact[] {
  const types = policies().packs.flatMap(({ manifest }) => peopleTypes(manifest))
  return facts.about(['user', ...types].map((type) => `${type}:${pseudonym}` as const))
}

/** Takes them away, for their erasure. */
export async function dropFactsOf(deps: PapDeps, pseudonym: string): Promise<void> {
  const facts = factsOf(deps, pseudonym)
  await deps.factWriter.remove(facts)
  deps.facts.change([], facts)
}

const peopleTypes = ({ resources }: Manifest): readonly string[] =>
  Object.entries(resources).flatMap(([type, { people }]) => (people ? [type] : []))

function requireDomain(deps: PapDeps, domain: string, by: Principal): Pack {
  const policies = deps.policies()
  const isOurs = !by.onlyAsks && by.types?.some((type) => policies.byType.get(type)?.manifest.domain === domain)
  const pack = policies.byDomain.get(domain)
  if (isOurs && pack) return pack
  throw refuse(
    'forbidden',
    'Facts of a domain are stored by the services registered for its types, with their own tokens.',
  )
}

function requireDistinct(facts: readonly Fact[]): void {
  if (new Set(facts.map(factKey)).size < facts.length)
    throw refuse('invalid_request', 'write, remove: the same fact stands twice.')
}

/** A fact must be one that the model of its own domain has a place for. */
function requireFits(pack: Pack, view: ModelView, fact: Fact, place: Place, by: Principal): void {
  const object = 'of' in fact ? fact.of : fact.resource
  const { type, id } = splitRef(object)
  const { domain, resources } = pack.manifest
  if (Object.hasOwn(resources, type) && type !== 'user' && !by.types?.includes(type))
    throw refuse('forbidden', `${place}: this service is not registered for the type ${type}.`)
  if ('of' in fact) {
    requireAttributes(pack, fact.attributes, Object.hasOwn(resources, type), place)
    return
  }
  if (type === 'domain' && id !== domain) throw refuse('invalid_request', `${place}.resource.id: must be ${domain}.`)
  const relation = view.relation(type, fact.relation)
  const file = `${pack.name}/model.fga`
  if (relation?.file !== file || fact.relation === 'domain')
    throw refuse(
      'invalid_request',
      `${place}.relation: the model of ${domain} has no relation ${type}#${fact.relation}.`,
    )
  const condition = fact.condition && view.conditions.get(fact.condition.name)
  if (fact.condition && condition?.file !== file)
    throw refuse('invalid_request', `${place}.condition.name: the model of ${domain} has no such condition.`)
  if (!relation.assignable.some((one) => isAssignable(one, fact)))
    throw refuse(
      'invalid_request',
      `${place}.subject: the model does not allow it here; it says: ${type}#${fact.relation}: [${relation.assignable.map(({ text }) => text).join(', ')}].`,
    )
  if (fact.condition && condition) requireContext(pack.manifest, condition, fact.condition.context, place)
}

function isAssignable({ type, condition, relation, everybody }: Assignable, fact: RelationFact): boolean {
  const subject = splitRef(fact.subject)
  return (
    type === subject.type &&
    everybody === isAboutEverybody(fact) &&
    relation === fact.subjectRelation &&
    condition === fact.condition?.name
  )
}

/** Only what the manifest declares can ever be asked for. */
function requireAttributes(
  pack: Pack,
  sent: Readonly<Record<string, unknown>>,
  ofResource: boolean,
  place: Place,
): void {
  const { attributes, subject_attributes } = pack.manifest
  const declared = ofResource ? { ...attributes, ...subject_attributes } : subject_attributes
  for (const name of Object.keys(sent))
    if (!Object.hasOwn(declared, name))
      throw refuse(
        'invalid_request',
        `${place}.attributes.${name}: the manifest of ${pack.manifest.domain} declares no such attribute.`,
      )
}

/** What OpenFGA takes for a parameter of each type. */
const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  TYPE_NAME_STRING: (value) => typeof value === 'string',
  TYPE_NAME_BOOL: (value) => typeof value === 'boolean',
  TYPE_NAME_DOUBLE: (value) => typeof value === 'number',
  TYPE_NAME_INT: (value) => Number.isSafeInteger(value),
  TYPE_NAME_UINT: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  TYPE_NAME_LIST: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  TYPE_NAME_TIMESTAMP: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
}

function requireContext(
  manifest: Manifest,
  { parameters }: ConditionView,
  context: Readonly<Record<string, unknown>>,
  place: Place,
): void {
  for (const name of parameters.keys())
    if (!isAsked(manifest, name) && !Object.hasOwn(context, name))
      throw refuse('invalid_request', `${place}.condition.context.${name}: is missing; no question gives it.`)
  for (const [name, value] of Object.entries(context)) {
    const fits = FITS[parameters.get(name) ?? '']
    if (!fits?.(value))
      throw refuse(
        'invalid_request',
        `${place}.condition.context.${name}: the condition has no such parameter, or of another type.`,
      )
  }
}

/** By pseudonym, resources as the log keeps them, of attributes the names alone: a service's words are not for the log. */
function changeOf(
  { redact }: PapDeps,
  write: readonly Fact[],
  remove: readonly Fact[],
): Readonly<Record<string, readonly string[]>> {
  const shown = (ref: `${string}:${string}`): string =>
    /^(user|agent|domain):/.test(ref) ? ref : redact.resource(ref, false)
  const lineOf = (fact: Fact): string =>
    'of' in fact
      ? `${shown(fact.of)} ${Object.keys(fact.attributes).sort().join(',')}`
      : `${shown(fact.subject)} ${fact.relation} ${shown(fact.resource)}`
  return { write: write.map(lineOf), remove: remove.map(lineOf) }
}
