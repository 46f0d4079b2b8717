/**
 * Starts what changes authority: the changes themselves, and what finishes and sweeps them in the background.
 *
 * @module
 */
import type { Logger } from 'pino'
import type { UndecidedChanges } from '../ports/engine.ts'
import { KeyedMutex } from './keyed-mutex.ts'
import { NarrowingQueue } from './narrowing-queue.ts'
import type { PapDeps } from './pap.ts'
import { markErasures, type ReapplyDeps, reapplyErasures } from './reapply.ts'
import { Reconciler, reconcile } from './reconcile.ts'
import { Sweeper, sweepOnce } from './sweep.ts'
import { Unseater } from './unseat.ts'

const DAY_MS = 86_400_000

export interface PapOptions {
  readonly deps: Omit<PapDeps, 'mutex' | 'unfinished' | 'narrowings' | 'unseater'>
  readonly undecided: UndecidedChanges
  readonly isReachable: () => Promise<boolean>
  /** How long a dead grant stays in the relationship store, in milliseconds. */
  readonly retention: number
  /** How often the sweep runs, in milliseconds; 0: never. */
  readonly sweepEvery: number
  readonly logger: Logger
}

/** Changes of authority, and their background work. */
export interface Pap {
  readonly deps: PapDeps
  readonly reconciler: Reconciler
  readonly sweeper: Sweeper
}

/** @param closing - Gets what stops the background work. */
export function openPap(options: PapOptions, closing: AsyncDisposableStack): Pap {
  const { undecided, isReachable, retention, sweepEvery, logger } = options
  const deps: PapDeps = {
    ...options.deps,
    mutex: new KeyedMutex(),
    narrowings: new NarrowingQueue(),
    unfinished: () => reconciler.schedule(),
    unseater: { below: (ended) => unseater.below(ended), expired: (grants) => unseater.expired(grants) },
  }
  const notSwept = (error: unknown): void => logger.warn({ err: error }, 'not swept')
  const unseater = new Unseater(deps, notSwept)
  const reconciler = new Reconciler({
    reconcile: () => reconcile(deps, undecided, (error) => logger.warn({ err: error }, 'not reconciled yet')),
    isReachable,
  })
  undecided.whenInDoubt(() => reconciler.schedule())
  const sweep = async (): Promise<number> => {
    await undecided.sweepMarkers(deps.clock() - DAY_MS)
    return sweepOnce(deps, { retention })
  }
  const sweeper = new Sweeper(sweep, sweepEvery, notSwept)
  closing.defer(() => reconciler.close())
  closing.defer(() => sweeper.close())
  closing.defer(() => unseater.close())
  return { deps, reconciler, sweeper }
}

/**
 * Finishes what an earlier process left: erasures that a backup undid, and changes that were cut short.
 *
 * @param closing - Gets what notes, at the end, up to where the log was looked through.
 */
export async function finishEarlierChanges(
  { deps, reconciler }: Pap,
  erasures: ReapplyDeps,
  logger: Logger,
  closing: AsyncDisposableStack,
): Promise<void> {
  if (await deps.people.dropNoticesExcept(deps.forgetters)) await deps.scrub()
  await reapplyErasures(erasures)
  closing.defer(() =>
    markErasures(erasures).catch((error: unknown) => logger.warn({ err: error }, 'erasures not marked')),
  )
  await reconciler.run()
}
