/**
 * A process that writes a log until it is killed, and says on stdout which entries it was answered for. Started by `log-kill.test.ts` with the
 * log's directory, the key's directory and the number of its first entry.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { nodeFiles } from '../../pdp/src/log/files.ts'
import { openLog } from '../../pdp/src/log/log.ts'
import { loadSigner } from '../../pdp/src/log/signer.ts'
import { anEntry, ORIGIN } from './log-builders.ts'

const WRITERS = 16
const STDOUT = 1

const [dir = '', keys = '', first = '0'] = process.argv.slice(2)
const signer = await loadSigner(nodeFiles(), keys, ORIGIN)
const log = await openLog({ dir, origin: ORIGIN, signer, checkpointEveryMs: 15 })
let number = Number(first)

/** Appends one or three entries at a time, for ever. */
async function write(count: number): Promise<never> {
  for (;;) {
    const entries = Array.from({ length: count }, () => {
      number += 1
      return anEntry(number)
    })
    const answered = await log.append(entries)
    writeSync(STDOUT, answered.map(({ index, id }) => `${index} ${id}\n`).join(''))
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, at) => write(at % 4 === 0 ? 3 : 1)))
