/**
 * {@link FactWriter} on tuples, whichever store keeps them. A change is all or nothing. Where the store cannot replace the condition of a tuple in one
 * Write, such a change takes two, and no question of a domain's model is asked between them.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { canonical, refuse } from '@mandate/protocol'
import { z } from 'zod'
import { type Fact, isAboutEverybody } from '../ports/domain-facts.ts'
import type { Models } from '../ports/engine.ts'
import type { FactLimits, FactPlan, FactWriter } from '../ports/fact-writer.ts'
import { objectName } from '../ports/stored-names.ts'
import type { FactGate } from './fact-gate.ts'
import { ANY_FACT } from './fact-replacements.ts'
import { structBytes } from './struct-bytes.ts'
import { attributesName, type Change, isSameKey, keyOf, type Tuple } from './tuples.ts'
import type { TupleReads, TupleWriter, WriteOptions } from './writer.ts'

export interface TupleFactWriterOptions {
  readonly store: TupleReads & Pick<Models, 'hasModel'>
  /** The model in force. */
  readonly modelId: () => string
  readonly writer: TupleWriter
  readonly gate: FactGate
  readonly newId: () => string
}

/** Prefix of the key that {@link isAlone} makes for attributes. */
const ATTRIBUTES = 'of attributes:'

const keySchema = z.object({ user: z.string(), relation: z.string(), object: z.string() })
const tupleSchema = keySchema.extend({
  condition: z.object({ name: z.string(), context: z.record(z.string(), z.unknown()) }).exactOptional(),
})
const stepsSchema = z.object({
  /** Tuples that are replaced under the same key. Of two Writes the first deletes them, and they are written back where the second fails. */
  replaced: z.array(tupleSchema),
  writes: z.array(tupleSchema),
  deletes: z.array(keySchema),
  /** Id of the model that the tuples were stored under, which is used to write them back even after another model came into force. */
  model: z.string().exactOptional(),
})
type Steps = z.infer<typeof stepsSchema>

export class TupleFactWriter implements FactWriter {
  // Those of OpenFGA, for every store, so that OpenFGA can always take what another one holds.
  readonly limits: FactLimits = {
    // OpenFGA's limit on the context of one condition.
    factBytes: 32 * 1024,
    // Half of OpenFGA's limit on a request: names of tuples come on top.
    changeBytes: 256 * 1024,
    bytesOf: (fact) => structBytes(tupleOf(fact).condition?.context ?? {}),
  }
  readonly #options: TupleFactWriterOptions

  constructor(options: TupleFactWriterOptions) {
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
    const steps: Steps = { replaced: old.filter(isReplaced), writes, deletes, model: this.#options.modelId() }
    const keys = [...steps.replaced, ...writes, ...deletes].map(keyOf)
    return { id: this.#options.newId(), keys: isAlone(steps) ? [...keys, ANY_FACT] : keys, steps }
  }

  async carryOut({ id, steps }: FactPlan): Promise<void> {
    const parsed = stepsSchema.parse(steps)
    const { replaced, writes, deletes } = parsed
    if (!isAlone(parsed)) return this.#write({ writes, deletes }, { id })
    const { gate, writer } = this.#options
    const old = replaced.map(keyOf)
    await gate.replace(async () => {
      try {
        if (writer.replacesAtOnce) return await this.#write({ writes, deletes: [...old, ...deletes] }, { id })
        if (old.length > 0) await this.#write({ writes: [], deletes: old })
        await this.#write({ writes, deletes }, { id })
      } catch (cause) {
        gate.shut(id)
        throw cause
      }
    })
  }

  async resolve({ id, steps }: FactPlan): Promise<boolean> {
    const parsed = stepsSchema.parse(steps)
    const { gate, writer } = this.#options
    // Until this change is resolved, the store may contain only a part of it.
    if (isAlone(parsed)) gate.shut(id)
    const applied = (await writer.outcomeOf(id)) === 'applied'
    if (!applied) await this.#putBack(parsed)
    gate.reopen(id)
    return applied
  }

  /** Writes back the tuples that the first of two Writes deleted. */
  async #putBack({ replaced, model }: Steps): Promise<void> {
    const { store, writer } = this.#options
    const missing: Tuple[] = []
    for (const tuple of replaced) {
      await writer.settled(tuple.object)
      const present = await store.read(tuple.object, tuple.relation, tuple.user)
      if (present.length === 0) missing.push(tuple)
    }
    if (missing.length === 0) return
    const modelId = model !== undefined && (await store.hasModel(model)) ? model : undefined
    await this.#write({ writes: missing, deletes: [] }, { modelId })
  }

  /** The tuples stored under the fact's key, whatever their values. */
  async #present(fact: Fact): Promise<readonly Tuple[]> {
    const { object, relation, user } = tupleOf(fact)
    await this.#options.writer.settled(object)
    return this.#options.store.read(object, relation, 'of' in fact ? undefined : user)
  }

  async #write(change: Change, options: Pick<WriteOptions, 'id' | 'modelId'> = {}): Promise<void> {
    if (await this.#options.writer.write(change, options)) return
    throw refuse('conflict', 'The same facts are being changed at the same time. Try again.')
  }
}

/**
 * Whether a change must exclude questions while it runs: where it takes two Writes, and where attributes, which a decision reads before it asks
 * about relations, change together with other facts.
 */
function isAlone({ replaced, writes, deletes }: Steps): boolean {
  const places = new Set([...writes, ...deletes].map(({ object, relation }) => `${relation} ${object}`))
  return replaced.length > 0 || (places.size > 1 && [...places].some((place) => place.startsWith(ATTRIBUTES)))
}

/** Attributes are named by a hash of their content: other values are another tuple, written in the same Write that deletes the old one. */
function tupleOf(fact: Fact): Tuple {
  if ('of' in fact) {
    const attributes = escapeControls(canonical(fact.attributes))
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

/** Escapes in JSON the control characters that JSON allows in strings: OpenFGA refuses values of conditions with them. */
const escapeControls = (json: string): string =>
  json.replaceAll(/\p{Cc}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)

const isSame = (a: Tuple, b: Tuple): boolean =>
  isSameKey(a, b) &&
  canonical({ ...a.condition?.context }) === canonical({ ...b.condition?.context }) &&
  (a.condition?.name ?? '') === (b.condition?.name ?? '')
