/**
 * Checks facts against manifest and model by the rules of the PDP, which would refuse them. Pure.
 *
 * @module
 */
import { contextObjection, type Manifest, type Policies, suggestion } from '@mandate/pdp'
import type { FactRequest } from '@mandate/protocol'

/** Place of a member in a file. */
export type Path = readonly PropertyKey[]
/** Receives a mistake. */
export type Objecting = (path: Path, message: string) => void

/** What facts are checked against. */
export interface Known {
  readonly manifest: Manifest
  /** `undefined` when it does not compose. */
  readonly model: Policies['model'] | undefined
  readonly object: Objecting
}

type RelationRequest = Exclude<FactRequest, { readonly attributes: unknown }>

/** Reports facts that the PDP would refuse. */
export function checkFacts(facts: readonly FactRequest[], path: Path, known: Known): void {
  const { manifest, model, object } = known
  for (const [index, fact] of facts.entries()) {
    const at = [...path, index]
    if (!('attributes' in fact)) {
      if (model) checkRelation(fact, at, known, model)
      continue
    }
    const rules = { ...manifest.subject_attributes, ...('resource' in fact ? manifest.attributes : {}) }
    for (const name of Object.keys(fact.attributes))
      if (!Object.hasOwn(rules, name))
        object(
          [...at, 'attributes', name],
          `the manifest has no attribute "${name}" here${suggestion(name, Object.keys(rules))}`,
        )
  }
}

function checkRelation(
  { subject, relation: name, resource, condition }: RelationRequest,
  at: Path,
  { manifest, object }: Known,
  model: Policies['model'],
): void {
  const relation = model.relation(resource.type, name)
  if (!relation) {
    const near = suggestion(name, model.relationsOf(resource.type))
    object([...at, 'relation'], `the model has no relation ${resource.type}#${name}${near}`)
    return
  }
  const type = manifest.subjects.includes(subject.type) ? 'user' : subject.type
  const isAllowed = relation.assignable.some(
    (one) =>
      one.type === type &&
      one.relation === subject.relation &&
      one.condition === condition?.name &&
      one.everybody === (subject.id === '*'),
  )
  const said = relation.assignable.map(({ text }) => text).join(', ')
  if (!isAllowed)
    object(
      [...at, 'subject'],
      said === ''
        ? `${resource.type}#${name} follows from other relations; store those instead`
        : `the model does not allow it here; it says: ${resource.type}#${name}: [${said}]`,
    )
  const declared = condition && model.conditions.get(condition.name)
  if (!isAllowed || !condition || !declared) return
  const wrong = contextObjection(manifest, declared, condition.context)
  if (wrong) object([...at, 'condition', 'context', wrong.parameter], wrong.message)
}
