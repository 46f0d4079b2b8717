/**
 * `npm run log -- accept-clock`: the operator confirms that the machine's clock is right although the newest log entry has a later
 * time (ADR 0082). Records an entry `clock_accepted`; later entries may have earlier times.
 *
 * Exit codes: 0 accepted, or nothing to accept; 64 no time given; 65 the machine's clock is not the time given; 70 the log cannot be
 * read, is damaged, or is being written by a PDP that must be stopped first.
 *
 * @module
 */
import { join } from 'node:path'
import { type EpochMillis, type Fault, instantSchema } from '@mandate/protocol'
import { nodeFiles } from '../log/files.ts'
import { openLog } from '../log/log.ts'
import { loadSigner } from '../log/signer.ts'
import { clockObjection } from '../runtime/clock.ts'
import { createNewId } from '../runtime/new-id.ts'
import { originOf } from './index-maintenance.ts'

const EXIT = { ok: 0, usage: 64, refused: 65, failed: 70 } as const
/** Largest accepted difference between `--time` and the machine's clock, in milliseconds. */
const TOLERANCE_MS = 300_000

export interface AcceptOptions {
  /** The PDP's data directory. */
  readonly directory: string
  /** The present time as the operator knows it, RFC 3339. */
  readonly time: string | undefined
  readonly now: () => EpochMillis
}

/** @param say - Prints a line. @returns The exit code. */
export async function acceptClock(options: AcceptOptions, say: (line: string) => void): Promise<number> {
  const time = instantSchema.safeParse(options.time)
  const machine = new Date(options.now()).toISOString()
  if (!time.success) {
    say(
      `--time: give the present time in RFC 3339, read from another clock than this machine's (which says ${machine})`,
    )
    return EXIT.usage
  }
  if (Math.abs(Date.parse(time.data) - options.now()) > TOLERANCE_MS) {
    say(
      `the machine's clock says ${machine}, and --time says ${time.data}: correct the machine's clock first; then there may be nothing to accept`,
    )
    return EXIT.refused
  }
  try {
    say(await accept(options))
    return EXIT.ok
  } catch (error) {
    say((error as Fault).message)
    return EXIT.failed
  }
}

async function accept({ directory, now }: AcceptOptions): Promise<string> {
  const files = nodeFiles()
  const origin = await originOf({ directory })
  const signer = await loadSigner(files, directory, origin)
  const log = await openLog({ dir: join(directory, 'log'), origin, signer, files })
  try {
    const newest = log.newestAt()
    const objection = newest === undefined ? undefined : clockObjection(newest, now())
    if (newest === undefined || !objection) return 'no log entry contradicts the clock: there is nothing to accept'
    const at = new Date(now()).toISOString()
    const change = { newest: new Date(newest).toISOString(), machine: at }
    await log.append([{ v: 1, id: createNewId(now)(), at, kind: 'clock_accepted', change }])
    return `${objection}; accepted, and recorded. Start the PDP.`
  } finally {
    await log.close()
  }
}
