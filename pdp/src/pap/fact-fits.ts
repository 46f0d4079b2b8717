/**
 * Validates facts of a domain's service against the domain's model. Names the first fact that does not fit; nothing is changed then.
 *
 * @module
 */
import { refuse, splitRef } from '@mandate/protocol'
import type { Pack } from '../policy/pack.ts'
import { contextObjection } from '../policy/parameters.ts'
import { type Fact, isAboutEverybody, type RelationFact } from '../ports/domain-facts.ts'
import type { FactLimits } from '../ports/fact-writer.ts'
import type { Assignable, ModelDescription } from '../ports/model.ts'
import type { Principal } from './pap.ts'

/** Path of a fact in the request, for messages: `write.3`. */
type FactPath = string

/** The rules that facts must satisfy: model, manifest and size limits. */
export interface FactRules {
  /** The domain of the fact. */
  readonly pack: Pack
  readonly model: ModelDescription
  readonly limits: FactLimits
}

/** @throws Fault `invalid_request` for a fact that the model of its own domain does not allow; `forbidden` for a type of another service. */
export function requireFits({ pack, model, limits }: FactRules, fact: Fact, place: FactPath, by: Principal): void {
  const object = 'of' in fact ? fact.of : fact.resource
  const { type, id } = splitRef(object)
  const { domain, resources } = pack.manifest
  if (Object.hasOwn(resources, type) && type !== 'user' && !by.types?.includes(type))
    throw refuse('forbidden', `${place}: this service is not registered for the type ${type}.`)
  requireOwnType(pack, model, type, `${place}.resource.type`, 'of' in fact ? ['user', 'agent'] : ['user', 'domain'])
  if ('of' in fact) {
    requireAttributes(pack, fact.attributes, Object.hasOwn(resources, type), place)
    requireFactSize(limits, fact, `${place}.attributes`)
    return
  }
  requireOwnType(pack, model, splitRef(fact.subject).type, `${place}.subject.type`, ['user', 'agent', 'domain'])
  if (type === 'domain' && id !== domain) throw refuse('invalid_request', `${place}.resource.id: must be ${domain}.`)
  const relation = model.relation(type, fact.relation)
  const file = `${pack.name}/model.fga`
  if (relation?.file !== file || fact.relation === 'domain')
    throw refuse(
      'invalid_request',
      `${place}.relation: the model of ${domain} has no relation ${type}#${fact.relation}.`,
    )
  const condition = fact.condition && model.conditions.get(fact.condition.name)
  if (fact.condition && condition?.file !== file)
    throw refuse('invalid_request', `${place}.condition.name: the model of ${domain} has no such condition.`)
  if (!relation.assignable.some((one) => isAssignable(one, fact)))
    throw refuse(
      'invalid_request',
      `${place}.subject: the model does not allow it here; it says: ${type}#${fact.relation}: [${relation.assignable.map(({ text }) => text).join(', ')}].`,
    )
  if (fact.subject === fact.resource && fact.subjectRelation === fact.relation)
    throw refuse('invalid_request', `${place}.subject: everyone with this relation has it without a fact.`)
  const wrong = fact.condition && condition && contextObjection(pack.manifest, condition, fact.condition.context)
  if (wrong) throw refuse('invalid_request', `${place}.condition.context.${wrong.parameter}: ${wrong.message}`)
  requireFactSize(limits, fact, `${place}.condition.context`)
}

/** Types of the core's model (grants, personas, seats) change by their own operations, never as facts. */
function requireOwnType(
  { name, manifest }: Pack,
  model: ModelDescription,
  type: string,
  place: FactPath,
  ofCore: readonly string[],
): void {
  const file = model.files.get(type)
  if (file === undefined || file === `${name}/model.fga` || ofCore.includes(type)) return
  throw refuse('invalid_request', `${place}: ${type} is no type of the model of ${manifest.domain}.`)
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

/** Rejects attributes that the manifest does not declare: no evaluation can use them. */
function requireAttributes(
  pack: Pack,
  sent: Readonly<Record<string, unknown>>,
  ofResource: boolean,
  place: FactPath,
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

function requireFactSize({ factBytes, bytesOf }: FactLimits, fact: Fact, where: string): void {
  if (bytesOf(fact) > factBytes)
    throw refuse('invalid_request', `${where}: more than ${factBytes / 1024} KiB together.`)
}

/** All facts of a request are written in one change. */
export function requireSize({ changeBytes, bytesOf }: FactLimits, facts: readonly Fact[]): void {
  const bytes = facts.reduce((sum, fact) => sum + bytesOf(fact), 0)
  if (bytes > changeBytes)
    throw refuse('invalid_request', `write: more than ${changeBytes / 1024} KiB of values; send fewer facts at once.`)
}
