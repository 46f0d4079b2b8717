/**
 * Preloaded by `node --import`: the wall clock of a process, as the file `CHAOS_CLOCK` has it. Timers and the monotonic clock stay as they are, as where an
 * administrator or a faulty time service sets a machine's clock. Read again 50 times a second, so that the clock can be changed while the process runs.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { RIGHT_CLOCK, type Skew, skewedTime } from './skew.ts'

const READ_EVERY_MS = 20

const path = process.env['CHAOS_CLOCK']
if (path === undefined) throw new TypeError('CHAOS_CLOCK: path of a file with the skew of the clock')
const RealDate = Date
const realNow = RealDate.now
let skew: Skew = read(path)

function read(file: string): Skew {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // The file is replaced by a rename, so it is whole or absent.
    return RIGHT_CLOCK
  }
}

const now = (): number => skewedTime(realNow(), skew)
setInterval(() => {
  skew = read(path)
}, READ_EVERY_MS).unref()
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: unknown[], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
})
