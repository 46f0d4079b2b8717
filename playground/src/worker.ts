/**
 * Worker thread of the playground: receives plays, answers with their results. {@link file://./engine.ts} ends it when a play takes too long.
 *
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Play, PlayAnswer, WorkerMessage } from './engine.ts'
import { type PackFrame, Plays } from './plays.ts'

const plays = new Plays(workerData as PackFrame)

const send = (message: WorkerMessage): void => parentPort?.postMessage(message)

async function answer(play: Play): Promise<PlayAnswer> {
  if (play.kind === 'check') return plays.check(play.texts)
  if (play.kind === 'case') return plays.playCase(play.texts, play.index)
  return plays.ask(play)
}

parentPort?.on('message', ({ id, play }: { readonly id: number; readonly play: Play }) => {
  answer(play).then(
    (result) => send({ id, result }),
    (error: unknown) => send({ id, failure: error instanceof Error ? error.message : String(error) }),
  )
})
send({ ready: true })
