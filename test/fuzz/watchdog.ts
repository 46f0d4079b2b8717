/**
 * Ends this process when one input has kept it busy for too long, and says which: a function that never returns leaves no other way.
 *
 * @module
 */
import { Worker } from 'node:worker_threads'

const STUCK_MS = 60_000

const WATCHING = `
const { workerData } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const state = new Int32Array(workerData.shared)
let before = -1
setInterval(() => {
  const now = Atomics.load(state, 0)
  if (now === before) {
    writeSync(2, 'hang: input ' + state[1] + ' of target ' + workerData.names[state[2]] + ' has kept the process busy for ' + workerData.stuckMs + ' ms\\n')
    process.kill(process.pid, 'SIGKILL')
  }
  before = now
}, workerData.stuckMs)
`

export interface Watchdog {
  /** Notes the input that is sent now. */
  sending(target: string, index: number): void
  stop(): Promise<unknown>
}

export function startWatchdog(names: readonly string[]): Watchdog {
  const shared = new SharedArrayBuffer(12)
  const state = new Int32Array(shared)
  const worker = new Worker(WATCHING, { eval: true, workerData: { shared, names, stuckMs: STUCK_MS } })
  worker.unref()
  // Inputs come in thousands a second, or the process is stuck, or it waits for services: a tick of its own says that it is not stuck.
  const tick = setInterval(() => Atomics.add(state, 0, 1), 1_000).unref()
  return {
    sending: (target, index) => {
      Atomics.add(state, 0, 1)
      state[1] = index
      state[2] = names.indexOf(target)
    },
    stop: () => {
      clearInterval(tick)
      return worker.terminate()
    },
  }
}
