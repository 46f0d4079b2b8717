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

/** A Vitest project, on one database where the database matters. */
export interface ProjectStage {
  /** Name in the summary. */
  readonly name: string
  readonly project: string
  /** Database of OpenFGA. @default that of the project's setup */
  readonly store?: string
  /** Files to exclude, because another stage runs them with the same result. */
  readonly exclude?: readonly string[]
  /** Files to include alone. */
  readonly only?: readonly string[]
  /** Runs on the oldest Node that the published packages promise, instead of this one. */
  readonly onNode22?: true
}

/**
 * Runs a project's tests; a project without tests passes.
 *
 * @param more - Variables for its processes, such as those of `prepareTools`.
 */
export async function runProject(
  stage: ProjectStage,
  reportFile: string,
  root: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Tally> {
  const { name, project, store, exclude = [], only = [] } = stage
  const reporters = ['--reporter=default', `--reporter=${TALLY_REPORTER}`]
  const excluded = exclude.map((file) => `--exclude=${file}`)
  const runner = stage.onNode22 ? await vitestOnNode22() : ['vitest']
  if (typeof runner === 'string') return { ...EMPTY_TALLY, skipped: [`${name}: all of it (${runner})`] }
  const command = [...runner, 'run', '--project', project, '--passWithNoTests', ...only, ...excluded, ...reporters]
  const env = { ...more, MANDATE_TEST_REPORT: reportFile, ...(store ? { MANDATE_TEST_STORE: store } : {}) }
  const ok = await runLive(command, root, env)
  return readReport(name, existsSync(reportFile) ? readFileSync(reportFile, 'utf8') : undefined, ok)
}

/** @returns The command, or why this machine has none. */
async function vitestOnNode22(): Promise<readonly string[] | string> {
  // Loaded here: the inner loop needs none of it.
  const { fetchTool, MissingToolError } = await import('@mandate/stack')
  try {
    const { folder } = await fetchTool('node22')
    return [join(folder, 'node'), join('node_modules', 'vitest', 'vitest.mjs')]
  } catch (error) {
    if (error instanceof MissingToolError) return error.message
    throw error
  }
}

async function runLive(
  [command = '', ...args]: readonly string[],
  root: string,
  env: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${env['PATH'] ?? process.env['PATH'] ?? ''}`
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env, PATH: path },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = await once(child, 'exit').catch(() => [1])
  return code === 0
}
