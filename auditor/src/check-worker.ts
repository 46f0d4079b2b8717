/**
 * A thread of {@link file://./check.ts}: one job at a time, in the order in which they come.
 *
 * @module
 */
import { parentPort } from 'node:worker_threads'
import { type CheckJob, checkTiles } from './check.ts'

const port = parentPort
port?.on('message', (job: CheckJob) => {
  checkTiles(job).then(
    (checks) => port.postMessage({ begin: job.begin, checks }),
    (error: unknown) => port.postMessage({ begin: job.begin, error: String(error) }),
  )
})
