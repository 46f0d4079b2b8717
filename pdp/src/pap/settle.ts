/**
 * What was asked for and not finished, after a crash or a failure: finished where it takes authority away, undone where it was a grant nobody
 * was told of. Nothing is permitted by it that nobody asked for.
 *
 * @module
 */
import type { EntryDraft, GrantEnd, GrantRecord } from '../ports.ts'
import type { Replacement } from '../remembered.ts'
import { finishAgent } from './agents.ts'
import { finishErasure } from './erase.ts'
import { finishEnd, undoGrant } from './grants.ts'
import { finishKey } from './keys.ts'
import type { PapDeps } from './pap.ts'
import { finishPersona } from './personas.ts'
import { finishReplacement } from './replace.ts'
import { finishTransferOf } from './transfer.ts'
import { turnOf } from './turns.ts'

/** Who finishes. */
const BY_ITSELF: Pick<EntryDraft, 'caller'> = { caller: 'service:pdp' }

/**
 * Tries once to settle everything. A change that is under way is waited for, and left alone when it succeeds.
 *
 * @param onFault - Told of each that could not be settled now.
 * @returns How many are left.
 */
export async function settle(deps: PapDeps, onFault: (error: unknown) => void): Promise<number> {
  const { register, intents, keys, people, turns } = deps
  let left = 0
  const each = async (key: string, task: () => Promise<void>): Promise<void> => {
    try {
      await turns.take(key, task)
    } catch (error) {
      left += 1
      onFault(error)
    }
  }
  for (const replacement of intents.replacements())
    await each(turnOf.grantsBy(replacement.by), async () => {
      if (isPending(deps, idOf(replacement))) await finishReplacement(deps, replacement, BY_ITSELF)
    })
  for (const { id, delegator } of register.unsettledGrants())
    await each(turnOf.grantsBy(delegator), async () => {
      const grant = register.unsettledGrants().find((one) => one.id === id)
      if (grant && !isPartOfReplacement(deps, id)) await undoGrant(deps, grant, BY_ITSELF)
    })
  for (const { grant } of register.unsettledEnds())
    await each(turnOf.grant(grant.id), async () => {
      const unsettled = endOf(deps, grant.id)
      if (unsettled) await finishEnd(deps, unsettled.grant, unsettled.end, BY_ITSELF)
    })
  for (const { id, holder } of register.unsettledPersonas())
    await each(turnOf.personasOf(holder), async () => {
      const persona = register.unsettledPersonas().find((one) => one.id === id)
      if (persona) await finishPersona(deps, persona, BY_ITSELF)
    })
  for (const { id } of register.unsettledAgents())
    await each(turnOf.agent(id), async () => {
      const agent = register.unsettledAgents().find((one) => one.id === id)
      if (agent) await finishAgent(deps, agent, BY_ITSELF)
    })
  for (const { to } of intents.transfers())
    await each(turnOf.resource(to.resource), () => finishTransferOf(deps, to.resource, BY_ITSELF))
  for (const key of keys.unsettled()) await each(turnOf.key(key.id), () => finishKey(deps, key, BY_ITSELF))
  for (const erasure of people.erasures())
    await each(turnOf.person(erasure.person), async () => {
      if (people.isErasing(erasure.person)) await finishErasure(deps, erasure, BY_ITSELF)
    })
  return left
}

const idOf = ({ exchanged }: Replacement): string | undefined => exchanged[0]?.to.id
const isPending = ({ intents }: PapDeps, id: string | undefined): boolean =>
  intents.replacements().some((one) => idOf(one) === id)
/** Those are settled as a whole. */
const isPartOfReplacement = ({ intents }: PapDeps, id: string): boolean =>
  intents.replacements().some(({ exchanged }) => exchanged.some(({ to }) => to.id === id))

const endOf = (
  { register }: PapDeps,
  id: string,
): { readonly grant: GrantRecord; readonly end: GrantEnd } | undefined =>
  register.unsettledEnds().find(({ grant }) => grant.id === id)

/** How long until what failed is tried again, in milliseconds: at first, and at most. */
const AGAIN_AFTER = { first: 500, most: 30_000 } as const

/** Settles again and again while something is left. What is left at the end is settled at the next start. */
export class Settler {
  readonly #settle: () => Promise<number>
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #again: number = AGAIN_AFTER.first
  #closed = false

  constructor(settleOnce: () => Promise<number>) {
    this.#settle = settleOnce
  }

  /** Settles what it can now, and goes on with the rest. */
  async run(): Promise<void> {
    const left = await this.#settle()
    this.#again = left > 0 ? Math.min(this.#again * 2, AGAIN_AFTER.most) : AGAIN_AFTER.first
    if (left > 0) this.nudge()
  }

  /** Says that something may be left. */
  nudge(): void {
    if (this.#closed || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#running = this.run()
    }, this.#again).unref()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#running
  }
}
