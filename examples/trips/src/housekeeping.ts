/**
 * What trips does between requests: takes back what a crash left half made, tells the PDP what its outbox holds, and forgets whom the PDP says
 * to forget. Each round begins where the
 * last one ended, however that ended.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import { Fault } from '@mandate/protocol'
import type { Agency } from './agency.ts'
import { emptyOutbox, type OutboxDeps } from './outbox.ts'
import type { TripStore } from './store.ts'

export interface HousekeepingDeps extends OutboxDeps {
  readonly store: OutboxDeps['store'] & Pick<TripStore, 'forget'>
  readonly pdp: OutboxDeps['pdp'] & Pick<PdpAdmin, 'erasures' | 'acknowledge'>
  readonly agency: Pick<Agency, 'recover'>
  readonly logger: { readonly warn: (fields: object, message: string) => void }
}

/** One round. Never throws: what could not be done is for the next. */
async function keepHouse(deps: HousekeepingDeps): Promise<void> {
  const { agency, logger } = deps
  const tryTo = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      logger.warn({ code: codeOf(error) }, `${what}: left for the next round`)
    }
  }
  await tryTo('forgetting', () => forgetWhomThePdpNames(deps))
  await tryTo('taking back', async () => {
    const takenBack = await agency.recover()
    if (takenBack > 0) logger.warn({ takenBack }, 'half made trips were found')
  })
  await tryTo('emptying the outbox', () => emptyOutbox(deps))
}

async function forgetWhomThePdpNames({ store, pdp }: HousekeepingDeps): Promise<void> {
  for (const { id, issuer, sub, erased_at } of await pdp.erasures()) {
    await store.forget({ owner: `user:${sub}`, issuer, before: new Date(erased_at).toISOString() })
    // Last: a crash before it brings the notice again, and there is nothing left to forget.
    await pdp.acknowledge(id)
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
