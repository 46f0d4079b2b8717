/**
 * Facts of domains' own models, as tuples. A change is all or nothing. OpenFGA cannot replace the condition of a tuple in one Write: such a
 * change takes two, and no question of a domain's model is asked between them.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { canonical, refuse } from '@mandate/protocol'
import { z } from 'zod'
import { type Fact, type FactPlan, type FactWriter, isAboutEverybody } from '../facts.ts'
import { objectName } from '../names.ts'
import type { FactGate } from './fact-gate.ts'
import { attributesName, type Change, isSameKey, keyOf, type Tuple } from './tuples.ts'
import type { FencedWriter, TupleStore } from './writer.ts'

export interface OpenFgaFactsOptions {
  readonly store: Pick<TupleStore, 'read'>
  readonly writer: FencedWriter
  readonly gate: FactGate
  readonly newId: () => string
}

const keySchema = z.object({ user: z.string(), relation: z.string(), object: z.string() })
const tupleSchema = keySchema.extend({
  condition: z.object({ name: z.string(), context: z.record(z.string(), z.unknown()) }).exactOptional(),
})
const stepsSchema = z.object({
  /** Tuples that are replaced under the same key: deleted by the first of two Writes, and written back where the second fails. */
  replaced: z.array(tupleSchema),
  writes: z.array(tupleSchema),
  deletes: z.array(keySchema),
})

export class OpenFgaFacts implements FactWriter {
  readonly #options: OpenFgaFactsOptions

  constructor(options: OpenFgaFactsOptions) {
    this.#options = options
  }

  async plan(write: readonly Fact[], remove: readonly Fact[]): Promise<FactPlan> {
    const changes = await Promise.all(
      write.map(async (fact) => {
        const wanted = tupleOf(fact)
        const present = await this.#present(fact)
        const stays = present.some((tuple) => isSame(tuple, wanted))
        return { old: present.filter((tuple) => !isSame(tuple, wanted)), wanted: stays ? [] : [wanted] }
      }),
    )
    const removed = (await Promise.all(remove.map((fact) => this.#present(fact)))).flat()
    const writes = changes.flatMap(({ wanted }) => wanted)
    const old = changes.flatMap((change) => change.old)
    const isReplaced = (tuple: Tuple): boolean => writes.some((other) => isSameKey(tuple, other))
    const deletes = [...removed, ...old.filter((tuple) => !isReplaced(tuple))].map(keyOf)
    return { id: this.#options.newId(), steps: { replaced: old.filter(isReplaced), writes, deletes } }
  }

  async carryOut({ id, steps }: FactPlan): Promise<void> {
    const { replaced, writes, deletes } = stepsSchema.parse(steps)
    if (replaced.length === 0) return this.#write({ writes, deletes }, id)
    await this.#options.gate.replace(async () => {
      await this.#write({ writes: [], deletes: replaced.map(keyOf) }, undefined).catch((cause: unknown) => {
        this.#options.gate.shut(id)
        throw cause
      })
      await this.#write({ writes, deletes }, id).catch((cause: unknown) => {
        this.#options.gate.shut(id)
        throw cause
      })
    })
  }

  async resolve({ id, steps }: FactPlan): Promise<boolean> {
    const { replaced } = stepsSchema.parse(steps)
    const { gate, writer } = this.#options
    // The middle of it may be in the store until this is through.
    if (replaced.length > 0) gate.shut(id)
    const applied = (await writer.outcomeOf(id)) === 'applied'
    if (!applied) await this.#putBack(replaced)
    gate.reopen(id)
    return applied
  }

  /** What the first of two Writes deleted, if it did. */
  async #putBack(replaced: readonly Tuple[]): Promise<void> {
    const { store, writer } = this.#options
    const missing: Tuple[] = []
    for (const tuple of replaced) {
      await writer.settled(tuple.object)
      const present = await store.read(tuple.object, tuple.relation, tuple.user)
      if (present.length === 0) missing.push(tuple)
    }
    await this.#write({ writes: missing, deletes: [] }, undefined)
  }

  /** Whatever is stored in the place of a fact. */
  async #present(fact: Fact): Promise<readonly Tuple[]> {
    const { object, relation, user } = tupleOf(fact)
    await this.#options.writer.settled(object)
    return this.#options.store.read(object, relation, 'of' in fact ? undefined : user)
  }

  async #write(change: Change, id: string | undefined): Promise<void> {
    if (await this.#options.writer.write(change, id === undefined ? {} : { id })) return
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

const isSame = (a: Tuple, b: Tuple): boolean =>
  isSameKey(a, b) &&
  canonical({ ...a.condition?.context }) === canonical({ ...b.condition?.context }) &&
  (a.condition?.name ?? '') === (b.condition?.name ?? '')
