/**
 * Erases persons whom the PDP's erasure feed names (rule E4). The feed is read at the start and at an interval; a notice that failed is retried in the next round.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import type { RunStore } from './store.ts'

export interface ForgettingDeps {
  readonly store: Pick<RunStore, 'forget'>
  readonly pdp: Pick<PdpAdmin, 'erasures' | 'acknowledge'>
  /** Issuer of the subs in the runs; notices of other issuers are only acknowledged. */
  readonly issuer: string
  readonly logger: { readonly warn: (fields: object, message: string) => void }
}

export interface Forgetting {
  /** Resolves after the current round. */
  readonly close: () => Promise<void>
}

/** Starts the rounds. Resolves after the first, so that data of a person erased while the agent was down is never shown. */
export async function startForgetting(deps: ForgettingDeps, everyMs: number): Promise<Forgetting> {
  let last = round(deps)
  await last
  const timer = setInterval(() => {
    last = last.then(() => round(deps))
  }, everyMs)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await last
    },
  }
}

/** Reads the feed once. A notice is acknowledged after the erasure: after a crash it is delivered again, and erasing twice is harmless. */
async function round({ store, pdp, issuer, logger }: ForgettingDeps): Promise<void> {
  try {
    for (const notice of await pdp.erasures()) {
      if (notice.issuer === issuer) store.forget(`user:${notice.sub}`, new Date(notice.erased_at).toISOString())
      await pdp.acknowledge(notice.id)
    }
  } catch {
    logger.warn({ code: 'decision_unavailable' }, 'forgetting: left for the next round')
  }
}
