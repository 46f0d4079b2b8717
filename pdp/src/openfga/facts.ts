/**
 * Facts of domains' own models, as tuples. What was known of something is replaced in one Write: at no instant is nothing known of it.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { canonical, refuse } from '@mandate/protocol'
import { type Fact, type FactWriter, isAboutEverybody } from '../facts.ts'
import { objectName } from '../names.ts'
import type { FgaStore } from './store.ts'
import { attributesName, type Tuple, type TupleKey } from './tuples.ts'

export class OpenFgaFacts implements FactWriter {
  readonly #store: FgaStore
  readonly #modelId: () => string

  constructor(store: FgaStore, modelId: () => string) {
    this.#store = store
    this.#modelId = modelId
  }

  async put(facts: readonly Fact[]): Promise<void> {
    const changes = await Promise.all(
      facts.map(async (fact) => {
        const wanted = tupleOf(fact)
        const present = await this.#present(fact)
        const stays = present.some((tuple) => isSame(tuple, wanted))
        const old = present.filter((tuple) => !isSame(tuple, wanted)).map(keyOf)
        return { old, wanted: stays ? undefined : wanted }
      }),
    )
    const writes = changes.flatMap(({ wanted }) => wanted ?? [])
    const deletes = changes.flatMap(({ old }) => old)
    // A tuple whose condition changes goes before its successor comes: OpenFGA cannot replace one in place.
    const clashing = deletes.filter((key) => writes.some((tuple) => isSameKey(tuple, key)))
    await this.#write([], clashing)
    await this.#write(
      writes,
      deletes.filter((key) => !clashing.includes(key)),
    )
  }

  async remove(facts: readonly Fact[]): Promise<void> {
    const present = await Promise.all(facts.map((fact) => this.#present(fact)))
    await this.#write([], present.flat().map(keyOf))
  }

  /** Whatever stands in the place of a fact. */
  #present(fact: Fact): Promise<readonly Tuple[]> {
    const { object, relation, user } = tupleOf(fact)
    return this.#store.read(object, relation, 'of' in fact ? undefined : user) as Promise<readonly Tuple[]>
  }

  async #write(writes: readonly Tuple[], deletes: readonly TupleKey[]): Promise<void> {
    if (await this.#store.write({ writes, deletes }, this.#modelId())) return
    throw refuse('conflict', 'The same facts are being changed at the same time. Try again.')
  }
}

/** Attributes are named by their own content, so that others are another tuple, and can be written while the old goes. */
function tupleOf(fact: Fact): Tuple {
  if ('of' in fact) {
    const attributes = canonical(fact.attributes)
    const version = createHash('sha256').update(attributes).digest('hex').slice(0, 16)
    return {
      user: `domain:${fact.domain}~${version}`,
      relation: 'of',
      object: attributesName(fact.domain, fact.of),
      condition: { name: 'holding', context: { attributes } },
    }
  }
  const { subject, subjectRelation, relation, resource, condition } = fact
  return {
    user: isAboutEverybody(fact) ? subject : `${objectName(subject)}${subjectRelation ? `#${subjectRelation}` : ''}`,
    relation,
    object: objectName(resource),
    ...(condition ? { condition } : {}),
  }
}

const keyOf = ({ user, relation, object }: TupleKey): TupleKey => ({ user, relation, object })
const isSameKey = (a: TupleKey, b: TupleKey): boolean =>
  a.user === b.user && a.relation === b.relation && a.object === b.object
const isSame = (a: Tuple, b: Tuple): boolean =>
  isSameKey(a, b) &&
  canonical({ ...a.condition?.context }) === canonical({ ...b.condition?.context }) &&
  (a.condition?.name ?? '') === (b.condition?.name ?? '')
