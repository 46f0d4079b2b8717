/**
 * Spreads the check of a tree's bundles over threads. A bounded number of jobs is under way, so memory does not grow with the log.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { TILE_WIDTH } from '@mandate/protocol'
import { type CheckJob, checkTiles, type Sealed, type TileCheck } from './check.ts'

const JOB_TILES = 64
const MAX_THREADS = 8
/** A thread takes about as long to start as these jobs take. */
const JOBS_A_THREAD = 4

interface Answer {
  readonly begin: number
  readonly checks?: readonly TileCheck[]
  readonly error?: string
}

/**
 * Checks all bundles of a tree.
 *
 * @param onChecks - Called with the checks from tile `begin` on; runs come in any order.
 */
export async function checkAll(
  directory: string,
  size: number,
  sealed: Sealed | undefined,
  onChecks: (begin: number, checks: readonly TileCheck[]) => void,
): Promise<void> {
  const tiles = Math.ceil(size / TILE_WIDTH)
  const jobs: CheckJob[] = []
  for (let begin = 0; begin < tiles; begin += JOB_TILES) {
    jobs.push({ directory, size, begin, end: Math.min(tiles, begin + JOB_TILES), sealed })
  }
  jobs.reverse()
  const helpers = Math.min(MAX_THREADS, availableParallelism(), Math.ceil(jobs.length / JOBS_A_THREAD)) - 1
  const threads = Array.from({ length: helpers }, () => workThrough(jobs, onChecks))
  for (let job = jobs.pop(); job; job = jobs.pop()) onChecks(job.begin, await checkTiles(job))
  await Promise.all(threads)
}

/** One more thread: takes job after job until none is left. */
async function workThrough(
  jobs: CheckJob[],
  onChecks: (begin: number, checks: readonly TileCheck[]) => void,
): Promise<void> {
  const thread = new Worker(new URL('./check-worker.ts', import.meta.url))
  try {
    for (let job = jobs.pop(); job; job = jobs.pop()) {
      const { begin, checks, error } = await ask(thread, job)
      if (!checks) throw new Error(error ?? 'a thread gave no answer')
      onChecks(begin, checks)
    }
  } finally {
    await thread.terminate()
  }
}

function ask(thread: Worker, job: CheckJob): Promise<Answer> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject)
    thread.once('message', (answer: Answer) => {
      thread.off('error', reject)
      resolve(answer)
    })
    thread.postMessage(job)
  })
}
