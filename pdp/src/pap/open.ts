/**
 * Factory of the PAP: dependencies of the administrative operations, reconciler, seat cleanup and sweeper.
 *
 * @module
 */
import type { Logger } from 'pino'
import type { UndecidedChanges } from '../ports/engine.ts'
import { NarrowingQueue } from './narrowing-queue.ts'
import { OrphanWatch } from './orphan-watch.ts'
import type { PapDeps } from './pap.ts'
import { markErasures, type ReapplyDeps, reapplyChanges } from './reapply.ts'
import { Reconciler, reconcile } from './reconcile.ts'
import { SeatCleanup } from './seat-cleanup.ts'
import { Sweeper, sweepOnce } from './sweep.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

export interface PapOptions {
  readonly deps: Omit<PapDeps, 'unfinished' | 'narrowings' | 'seatCleanup'>
  readonly undecided: UndecidedChanges
  readonly isReachable: () => Promise<boolean>
  /** Milliseconds that a dead grant stays in OpenFGA. */
  readonly retention: number
  /** Interval of the sweep in milliseconds; 0 turns it off. */
  readonly sweepEvery: number
  readonly logger: Logger
}

/** Changes of authority, and their background work. */
export interface Pap {
  readonly deps: PapDeps
  readonly reconciler: Reconciler
  readonly sweeper: Sweeper
}

/** @param closing - Receives the disposers of the background work. */
export function openPap(options: PapOptions, closing: AsyncDisposableStack): Pap {
  const { undecided, isReachable, retention, sweepEvery, logger } = options
  const deps: PapDeps = {
    ...options.deps,
    narrowings: new NarrowingQueue(),
    unfinished: () => reconciler.schedule(),
    seatCleanup: {
      removeBelow: (ended) => seatCleanup.removeBelow(ended),
      removeExpired: (grants) => seatCleanup.removeExpired(grants),
    },
  }
  const notSwept = (error: unknown): void => logger.warn({ err: error }, 'not swept')
  const seatCleanup = new SeatCleanup(deps, notSwept)
  const notReconciled = (error: unknown): void => logger.warn({ err: error }, 'not reconciled yet')
  const reconciler = new Reconciler({
    reconcile: () => reconcile(deps, undecided, notReconciled),
    isReachable,
    onFault: notReconciled,
  })
  undecided.whenInDoubt(() => reconciler.schedule())
  if (deps.isShared) {
    const orphans = new OrphanWatch({ leases: deps.leases, onOrphans: () => reconciler.schedule() })
    closing.defer(() => orphans.close())
  }
  const sweep = async (): Promise<number> => {
    await undecided.sweepMarkers(deps.clock() - DAY_MS)
    return sweepOnce(deps, { retention })
  }
  const sweeper = new Sweeper(sweep, sweepEvery, notSwept)
  closing.defer(() => reconciler.close())
  closing.defer(() => sweeper.close())
  closing.defer(() => seatCleanup.close())
  return { deps, reconciler, sweeper }
}

/**
 * Applies from the log what a restored database lacks, and reconciles changes that an earlier process left pending.
 *
 * @param closing - Receives a disposer that stores the log position up to which erasures were applied.
 */
export async function finishEarlierChanges(
  { deps, reconciler }: Pap,
  erasures: ReapplyDeps,
  logger: Logger,
  closing: AsyncDisposableStack,
): Promise<void> {
  if (await deps.people.dropNoticesExcept(deps.forgetters)) await deps.scrub()
  await reapplyChanges(erasures, logger)
  const mark = (): Promise<void> =>
    markErasures(erasures).catch((error: unknown) => logger.warn({ err: error }, 'erasures not marked'))
  // Also while running: a start after a crash reads the log from the last mark.
  const marking = setInterval(mark, MINUTE_MS).unref()
  closing.defer(async () => {
    clearInterval(marking)
    await mark()
  })
  await reconciler.run()
}
