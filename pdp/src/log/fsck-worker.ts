/**
 * Worker thread of {@link file://./fsck.ts}: checks one chunk at a time over its own connection to the index.
 *
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Fault } from '@mandate/protocol'
import { nodeFiles } from './files.ts'
import { type ChunkJob, checkChunk, type FsckAnswer } from './fsck-chunk.ts'
import { openHeld } from './fsck-held.ts'

if (parentPort) {
  const port = parentPort
  const { place, origin } = workerData as { readonly place: string; readonly origin: string }
  const index = openHeld(place, origin)
  port.on('message', async (job: ChunkJob) => {
    let answer: FsckAnswer
    try {
      answer = { chunk: await checkChunk(job, nodeFiles(), await index.held(job.no)) }
    } catch (error) {
      const code = error instanceof Fault ? error.code : 'internal'
      answer = { fault: { code, message: error instanceof Error ? error.message : String(error) } }
    }
    port.postMessage(answer)
  })
}
