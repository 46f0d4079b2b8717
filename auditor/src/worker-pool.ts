/**
 * Worker threads that check the bundles of a tree in parallel. Memory does not grow with the log: each thread has one job at a time.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { TILE_WIDTH } from '@mandate/protocol'
import { type ArchivedPrefix, type BundleCheck, type CheckJob, checkBundles } from './bundle-check.ts'

/** Bundles per job. */
const JOB_BUNDLES = 64
const MAX_THREADS = 8
/** Minimum number of jobs per thread: starting a thread takes about as long as these jobs. */
const JOBS_PER_THREAD = 4

/** Message from a worker thread. */
interface WorkerResult {
  readonly begin: number
  readonly checks?: readonly BundleCheck[]
  readonly error?: string
}

/**
 * Checks all bundles of a tree, in this thread and in worker threads.
 *
 * @param size - Number of entries in the tree.
 * @param onChecks - Receives the results of one job: checks of consecutive bundles, starting at bundle `begin`. Jobs finish in any order.
 */
export async function checkAllBundles(
  directory: string,
  size: number,
  archived: ArchivedPrefix | undefined,
  onChecks: (begin: number, checks: readonly BundleCheck[]) => void,
): Promise<void> {
  const tiles = Math.ceil(size / TILE_WIDTH)
  const jobs: CheckJob[] = []
  for (let begin = 0; begin < tiles; begin += JOB_BUNDLES) {
    jobs.push({ directory, size, begin, end: Math.min(tiles, begin + JOB_BUNDLES), archived })
  }
  jobs.reverse()
  const helpers = Math.min(MAX_THREADS, availableParallelism(), Math.ceil(jobs.length / JOBS_PER_THREAD)) - 1
  const threads = Array.from({ length: helpers }, () => runWorker(jobs, onChecks))
  for (let job = jobs.pop(); job; job = jobs.pop()) onChecks(job.begin, await checkBundles(job))
  await Promise.all(threads)
}

/** Starts a worker thread and gives it jobs until none is left. */
async function runWorker(
  jobs: CheckJob[],
  onChecks: (begin: number, checks: readonly BundleCheck[]) => void,
): Promise<void> {
  const thread = new Worker(new URL('./bundle-check-worker.ts', import.meta.url))
  try {
    for (let job = jobs.pop(); job; job = jobs.pop()) {
      const { begin, checks, error } = await runJob(thread, job)
      if (!checks) throw new Error(error ?? 'a worker thread returned no result')
      onChecks(begin, checks)
    }
  } finally {
    await thread.terminate()
  }
}

function runJob(thread: Worker, job: CheckJob): Promise<WorkerResult> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject)
    thread.once('message', (result: WorkerResult) => {
      thread.off('error', reject)
      resolve(result)
    })
    thread.postMessage(job)
  })
}
