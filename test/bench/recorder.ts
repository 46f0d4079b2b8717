/**
 * Stands between a PDP and OpenFGA and writes down what one question makes the PDP ask, so that the very same can be asked without it.
 *
 * @module
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'

/** One call to OpenFGA. */
export interface Call {
  readonly path: string
  readonly body: string
}

/** Calls that were under way at the same time, one group after another. */
export type Waves = readonly (readonly Call[])[]

export interface Recorder {
  readonly url: string
  /** What is asked while `work` runs. */
  during(work: () => Promise<void>): Promise<Waves>
  stop(): Promise<void>
}

/** Answers are held back for so long that calls made side by side are seen side by side. */
const HELD_MS = 25

const QUESTIONS = /\/(?:batch-check|read|check|list-objects)$/

export async function startRecorder(target: string): Promise<Recorder> {
  let waves: Call[][] = []
  let underWay = 0
  const server = createServer(async (req, res) => {
    const path = req.url ?? '/'
    const body = await text(req)
    if (QUESTIONS.test(path)) {
      if (underWay === 0) waves.push([])
      waves.at(-1)?.push({ path, body })
    }
    underWay += 1
    const { method = 'GET', headers } = req
    const { authorization, 'content-type': type } = headers
    const answer = await request(`${target}${path}`, {
      method: method as 'GET',
      headers: { ...(authorization ? { authorization } : {}), ...(type ? { 'content-type': type } : {}) },
      ...(body ? { body } : {}),
    })
    const said = await answer.body.text()
    await delay(HELD_MS)
    // Before the answer leaves: what it leads to is a wave of its own.
    underWay -= 1
    res.writeHead(answer.statusCode, { 'content-type': 'application/json' }).end(said)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    during: async (work) => {
      waves = []
      await work()
      const asked = waves
      waves = []
      return asked
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
