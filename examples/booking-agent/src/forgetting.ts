/**
 * Forgets whom the PDP names (rule E4): the feed is read at the start and every so often. What could not be done is for the next round.
 *
 * @module
 */
import type { PdpAdmin } from '@mandate/pep'
import type { RunStore } from './store.ts'

export interface ForgettingDeps {
  readonly store: Pick<RunStore, 'forget'>
  readonly pdp: Pick<PdpAdmin, 'erasures' | 'acknowledge'>
  /** Whose subs stand in the runs. */
  readonly issuer: string
  readonly logger: { readonly warn: (fields: object, message: string) => void }
}

export interface Forgetting {
  /** Ends after the round under way. */
  readonly close: () => Promise<void>
}

/** Resolves after the first round, so that nothing is shown of a person whose erasure came while the agent was down. */
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

/** Acknowledged last: a crash before brings the notice again, and there is nothing left to forget. */
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
