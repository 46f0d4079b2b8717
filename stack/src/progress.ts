/**
 * What a person sees while servers start: one line a step, with how long it took.
 *
 * @module
 */

/** Where lines go. `process.stderr` and `process.stdout` are such. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
}

/** Tells about steps. Steps may run side by side. */
export interface Progress {
  /**
   * Runs `work` and prints one line when it ends, well or badly.
   *
   * @param work - Gets a function for remarks on the way, such as what is being fetched.
   */
  step<T>(title: string, work: (remark: (text: string) => void) => Promise<T>): Promise<T>
}

/** No output at all. */
export const silentProgress: Progress = { step: (_title, work) => work(() => undefined) }

const CLEAR_LINE = '\r\x1b[2K'

/**
 * On a terminal the steps under way are shown in a last line that moves; elsewhere there are finished lines only.
 *
 * @param clock - Milliseconds, never going backwards.
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

/** `0.4 s`, `63.0 s`. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}
