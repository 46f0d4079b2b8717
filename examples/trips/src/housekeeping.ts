/**
 * What trips does between requests: tells the PDP what its outbox holds, and forgets whom the PDP says to forget. Each round begins where the
 * last one ended, however that ended.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import { emptyOutbox, type OutboxDeps } from './outbox.ts'
import type { PdpClient } from './pdp-client.ts'
import type { TripStore } from './store.ts'

export interface HousekeepingDeps extends OutboxDeps {
  readonly store: OutboxDeps['store'] & Pick<TripStore, 'forget'>
  readonly pdp: PdpClient
  readonly logger: { readonly warn: (fields: object, message: string) => void }
}

/** One round. Never throws: what could not be done is for the next. */
export async function keepHouse(deps: HousekeepingDeps): Promise<void> {
  const { store, pdp, logger } = deps
  try {
    for (const { id, issuer, sub, erased_at } of await pdp.erasures()) {
      store.forget({ owner: `user:${sub}`, issuer, before: new Date(erased_at).toISOString() })
      // Last: a crash before it brings the notice again, and there is nothing left to forget.
      await pdp.acknowledge(id)
    }
  } catch (error) {
    logger.warn({ code: codeOf(error) }, 'erasures could not be pulled')
  }
  try {
    await emptyOutbox(deps)
  } catch (error) {
    logger.warn({ code: codeOf(error), left: store.outbox().length }, 'the outbox could not be emptied')
  }
}

function codeOf(error: unknown): string {
  return error instanceof Fault ? error.code : 'internal'
}

export interface Housekeeping {
  /** Ends after the round under way. */
  readonly close: () => Promise<void>
}

/** Rounds every so often, the first at once. Resolves after the first. */
export async function startHousekeeping(deps: HousekeepingDeps, everyMs: number): Promise<Housekeeping> {
  let round = keepHouse(deps)
  let busy = true
  await round
  busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    round = keepHouse(deps).finally(() => {
      busy = false
    })
  }, everyMs)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await round
    },
  }
}
