/**
 * Runs one stage of `npm test` with its output on the terminal.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EMPTY_TALLY, readReport, type Tally } from './tally.ts'

const TALLY_REPORTER = fileURLToPath(new URL('tally-reporter.ts', import.meta.url))

export async function runCheck(name: string, command: readonly string[], root: string): Promise<Tally> {
  const ok = await runLive(command, root)
  return ok ? { ...EMPTY_TALLY, passed: 1 } : { ...EMPTY_TALLY, failed: [name] }
}

/** A Vitest project, on one database where it makes a difference. */
export interface ProjectStage {
  /** What its tests are counted under. */
  readonly name: string
  readonly project: string
  /** The database under OpenFGA. @default that of the project's set-up */
  readonly store?: string
  /** Files that another stage runs, with the same outcome. */
  readonly exclude?: readonly string[]
  /** Nothing but these. */
  readonly only?: readonly string[]
}

/** A project without tests is fine: rooms grow at different speeds. */
export async function runProject(stage: ProjectStage, reportFile: string, root: string): Promise<Tally> {
  const { name, project, store, exclude = [], only = [] } = stage
  const reporters = ['--reporter=default', `--reporter=${TALLY_REPORTER}`]
  const excluded = exclude.map((file) => `--exclude=${file}`)
  const command = ['vitest', 'run', '--project', project, '--passWithNoTests', ...only, ...excluded, ...reporters]
  const env = { MANDATE_TEST_REPORT: reportFile, ...(store ? { MANDATE_TEST_STORE: store } : {}) }
  const ok = await runLive(command, root, env)
  return readReport(name, existsSync(reportFile) ? readFileSync(reportFile, 'utf8') : undefined, ok)
}

async function runLive(
  [command = '', ...args]: readonly string[],
  root: string,
  env: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PATH: path, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = await once(child, 'exit').catch(() => [1])
  return code === 0
}
