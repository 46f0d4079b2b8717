/**
 * What a PDP that shares its database does in the background to follow the others.
 *
 * @module
 */
import type { Logger } from 'pino'
import { LogTail } from './memory/log-tail.ts'
import type { Pap } from './pap/open.ts'
import type { InvalidationListener, ReadBarrier } from './ports/invalidations.ts'
import type { Stores } from './store/open.ts'

interface KeepUpDeps {
  readonly stores: Pick<Stores, 'invalidations' | 'isShared'>
  readonly barrier: ReadBarrier
  readonly logger: Logger
}

/** Where other PDPs use the database: reads the invalidation log also while no request comes. */
export function keepUp({ stores, barrier, logger }: KeepUpDeps, closing: AsyncDisposableStack): void {
  const { invalidations, isShared } = stores
  if (!isShared) return
  const onFault = (error: unknown): void => logger.error({ err: error }, 'the invalidation log cannot be read')
  const tail = new LogTail({ barrier, trim: async () => invalidations.trim?.(), onFault })
  closing.defer(() => tail.close())
}

/**
 * Looks for pending changes whenever memory was reset. After a failover that lost commits, the database has changes as pending that this process has
 * finished.
 */
export const reconcilingAfterReset = ({ reconciler }: Pap): InvalidationListener => ({
  apply: () => undefined,
  reset: () => reconciler.schedule(),
})
