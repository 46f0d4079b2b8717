/**
 * Settings of several processes that answer on one port.
 *
 * @module
 */

interface WorkerSettings {
  readonly PDP_PORT: number
  readonly PDP_WORKERS: number
  /** The first worker's own port; each further one has the next. */
  readonly PDP_WORKER_PORT?: number | undefined
  readonly PDP_STORE_URL?: string | undefined
  readonly PDP_INDEX_URL?: string | undefined
}

/** Messages about settings that do not fit together, each beginning with the name of its variable. */
export function workerMistakes(settings: WorkerSettings): string[] {
  const { PDP_PORT, PDP_WORKERS, PDP_WORKER_PORT: port = 0, PDP_STORE_URL, PDP_INDEX_URL } = settings
  const several = 'PDP_WORKERS: more than one worker requires'
  const isShared = port > 0 && PDP_PORT >= port && PDP_PORT < port + PDP_WORKERS
  return [
    ...(PDP_WORKERS > 1 && !PDP_STORE_URL ? [`${several} PDP_STORE_URL: one process opens a SQLite database`] : []),
    ...(PDP_WORKERS > 1 && !PDP_INDEX_URL ? [`${several} PDP_INDEX_URL: each must find the entries of all`] : []),
    ...(port + PDP_WORKERS - 1 > 65_535 ? ['PDP_WORKER_PORT: no ports for all workers'] : []),
    ...(isShared ? [`PDP_WORKER_PORT: the workers' ports, ${port} and the next, include PDP_PORT`] : []),
  ]
}
