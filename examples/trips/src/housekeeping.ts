/**
 * Periodic work of trips: removes trips that a crash left pending, delivers the outbox to the PDP, and erases persons named by the PDP's erasure
 * feed. Each step is retried in the next round when it fails.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import { Fault } from '@mandate/protocol'
import { emptyOutbox, type OutboxDeps } from './outbox.ts'
import type { TripStore } from './store.ts'
import type { TripService } from './trip-service.ts'

export interface HousekeepingDeps extends OutboxDeps {
  readonly store: OutboxDeps['store'] & Pick<TripStore, 'forget'>
  readonly pdp: OutboxDeps['pdp'] & Pick<PdpAdmin, 'erasures' | 'acknowledge'>
  readonly tripService: Pick<TripService, 'recover'>
  readonly logger: { readonly warn: (fields: object, message: string) => void }
}

/** Runs one round. Never throws: a step that fails is logged and retried in the next round. */
async function runRound(deps: HousekeepingDeps): Promise<void> {
  const { tripService, logger } = deps
  const tryTo = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      logger.warn({ code: codeOf(error) }, `${what} failed; retried in the next round`)
    }
  }
  await tryTo('erasure', () => eraseForgotten(deps))
  await tryTo('removal of pending trips', async () => {
    const removed = await tripService.recover()
    if (removed > 0) logger.warn({ removed }, 'removed trips left pending')
  })
  await tryTo('delivery of the outbox', () => emptyOutbox(deps))
}

async function eraseForgotten({ store, pdp }: HousekeepingDeps): Promise<void> {
  for (const { id, issuer, sub, erased_at } of await pdp.erasures()) {
    await store.forget({ owner: `user:${sub}`, issuer, before: new Date(erased_at).toISOString() })
    // Acknowledged last: after a crash the feed delivers the notice again, and erasing twice is harmless.
    await pdp.acknowledge(id)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Fault ? error.code : 'internal'
}

export interface Housekeeping {
  /** Resolves after the current round. */
  readonly close: () => Promise<void>
}

/** Starts the rounds: one at once, then one per interval. Resolves after the first. */
export async function startHousekeeping(deps: HousekeepingDeps, everyMs: number): Promise<Housekeeping> {
  let round = runRound(deps)
  let busy = true
  await round
  busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    round = runRound(deps).finally(() => {
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
