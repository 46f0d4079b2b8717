/**
 * Runs `mandate` in the test's process, as a person with a config folder of their own.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerDevice, type Credentials, formBrowser } from '@mandate/keycloak'
import { run } from '../../cli/src/program.ts'

/** What a command printed, and its exit code. */
export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** A terminal. */
export interface Terminal {
  /** The config folder of its user. */
  readonly folder: string
  /** Runs a command line: words, or one text that is split at spaces. */
  readonly mandate: (...argv: readonly string[]) => Promise<Ran>
  /** Runs a command with `--json`. @throws Error unless it succeeds. @returns the parsed output */
  // biome-ignore lint/suspicious/noExplicitAny: tests read output by path, and assert on each step
  readonly json: (...argv: readonly string[]) => Promise<any>
  readonly remove: () => void
}

/** Address and code as `login --device` shows them. */
const DEVICE_CODE = /Open (?<address>\S+) on any device.*?\n\n {2}(?<userCode>\S+)\n/su

/** Opens a terminal. @param person - Signs in where a command opens a browser, or shows a code to type on another device. */
export function openTerminal(
  environment: Readonly<Record<string, string | undefined>>,
  person?: Credentials,
): Terminal {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-cli-'))
  const mandate: Terminal['mandate'] = async (...argv) => {
    const words = argv.length === 1 ? (argv[0] ?? '').split(' ') : argv
    const printed = { out: '', err: '' }
    const exit = await run(words, {
      out: (text) => {
        printed.out += text
      },
      err: (text) => {
        printed.err += text
        const { address, userCode } = DEVICE_CODE.exec(text)?.groups ?? {}
        // A code that is refused is never redeemed: the command says so.
        if (person && address && userCode) void answerDevice(person, { address, userCode })
      },
      environment: { ...environment, HOME: folder, XDG_CONFIG_HOME: folder },
      ...(person ? { openBrowser: formBrowser(person) } : {}),
    })
    return { exit, ...printed }
  }
  return {
    folder,
    mandate,
    json: async (...argv) => {
      const words = argv.length === 1 ? (argv[0] ?? '').split(' ') : argv
      const { exit, out, err } = await mandate(...words, '--json')
      if (exit !== 0) throw new Error(`${words.join(' ')}: exit ${exit}: ${err}`)
      return JSON.parse(out)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
