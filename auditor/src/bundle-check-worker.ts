/**
 * Worker thread of `worker-pool.ts`: runs one check job per message and posts its result.
 *
 * @module
 */
import { parentPort } from 'node:worker_threads'
import { type CheckJob, checkBundles } from './bundle-check.ts'

const port = parentPort
port?.on('message', (job: CheckJob) => {
  checkBundles(job).then(
    (checks) => port.postMessage({ begin: job.begin, checks }),
    (error: unknown) => port.postMessage({ begin: job.begin, error: String(error) }),
  )
})
