/**
 * Progress output on the terminal: one line per step, with its duration.
 *
 * @module
 */

/** Output stream, such as `process.stdout`. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
}

/** Reports steps. Steps may run concurrently. */
export interface Progress {
  /**
   * Runs `work` and prints one line when it succeeds or fails.
   *
   * @param work - Receives a function that prints a remark, such as what is being downloaded.
   */
  step<T>(title: string, work: (remark: (text: string) => void) => Promise<T>): Promise<T>
}

/** No output at all. */
export const silentProgress: Progress = { step: (_title, work) => work(() => undefined) }

const CLEAR_LINE = '\r\x1b[2K'

/**
 * Creates a progress output. On a terminal, the last line shows the current steps; elsewhere only finished steps are printed.
 *
 * @param clock - Monotonic clock, in milliseconds.
 */
export function createProgress(output: Output, clock: () => number = () => performance.now()): Progress {
  const tty = output.isTTY === true
  const underWay = new Set<string>()
  const print = (line: string): void => {
    const status = underWay.size > 0 ? `… ${[...underWay].join(', ')}` : ''
    output.write(tty ? `${CLEAR_LINE}${line}${status}` : line)
  }
  return {
    step: async (title, work) => {
      const begin = clock()
      underWay.add(title)
      if (tty) print('')
      const finish = (mark: string): void => {
        underWay.delete(title)
        print(`${mark} ${title.padEnd(44)} ${seconds(clock() - begin)}\n`)
      }
      try {
        const result = await work((text) => print(`  ${title}: ${text}\n`))
        finish(tty ? '\x1b[32m✓\x1b[0m' : 'ok  ')
        return result
      } catch (error) {
        finish(tty ? '\x1b[31m✗\x1b[0m' : 'FAIL')
        throw error
      }
    },
  }
}

/** Formats a duration in seconds: `0.4 s`, `63.0 s`. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}
