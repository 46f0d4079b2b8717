/**
 * `npm run desktop`: opens the desktop app on the demo that runs in this clone. Exit 0 when it was closed, 64 on wrong usage, 69 when the Electron binary
 * is missing, 1 when no demo runs or something failed.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { usageLine } from '@mandate/service/parse-options'
import { servicesOfDemo } from './add-service.ts'
import { DESKTOP_USAGE, parseDesktopCommand } from './desktop-arguments.ts'
import { findElectron } from './desktop-electron.ts'
import { desktopSettings } from './desktop-settings.ts'
import { EXIT_USAGE, MissingToolError, StartError } from './errors.ts'
import { privateFolder, writeAtomically } from './files.ts'
import { buildDesktopApp, buildDesktopPage, DESKTOP_APP, DESKTOP_PAGE, installPackages } from './page.ts'
import { ROOT } from './service.ts'
import { type Run, readRun, STATE_DIR } from './state.ts'

const NO_DEMO = 'No demo is running in this clone. Start one in another terminal: npm start'
const ANSWER_TIMEOUT_MS = 5_000

const command = parseDesktopCommand(process.argv.slice(2), process.env)
if (command.kind === 'help') process.stdout.write(DESKTOP_USAGE)
if (command.kind === 'usage') {
  process.stderr.write(usageLine(command.problem, 'npm run desktop -- --help'))
  process.exitCode = EXIT_USAGE
}
if (command.kind === 'open') process.exitCode = await guarded(command.host)

async function guarded(host: 'electron' | 'browser'): Promise<number> {
  try {
    return await open(host)
  } catch (error) {
    if (!(error instanceof MissingToolError || error instanceof StartError)) throw error
    process.stderr.write(`${error.message}\n`)
    return error.exitCode
  }
}

async function open(host: 'electron' | 'browser'): Promise<number> {
  const remark = (text: string): void => void process.stdout.write(`${text}\n`)
  const electron = host === 'electron' ? await installedElectron(remark) : undefined
  const folder = privateFolder(join(STATE_DIR, 'desktop'))
  const config = join(folder, 'config.json')
  writeAtomically(config, `${JSON.stringify(await settingsOfDemo(), undefined, 2)}\n`)
  const data = privateFolder(join(folder, host))
  if (electron !== undefined) {
    await buildDesktopApp(remark)
    return await runs(electron, [DESKTOP_APP, `--mandate-config=${config}`, `--mandate-data=${data}`])
  }
  await buildDesktopPage(remark)
  const main = join(ROOT, 'desktop/src/browser/main.ts')
  return await runs(process.execPath, [main, '--config', config, '--data', data, '--page', DESKTOP_PAGE])
}

/** Path of the Electron binary. The npm package is no dependency of `npm start`. @throws MissingToolError when the binary is missing. */
async function installedElectron(remark: (text: string) => void): Promise<string> {
  const folder = join(ROOT, 'node_modules/electron')
  if (!existsSync(folder)) remark("Installing Electron's npm package and what builds the app")
  await installPackages('develop')
  return findElectron(folder, process.env)
}

async function settingsOfDemo(): Promise<object> {
  const run = readRun(STATE_DIR)
  if (run === undefined || !(await isUp(run))) throw new StartError(NO_DEMO)
  const settings = desktopSettings(run, readFileSync(run.key, 'utf8'), servicesOfDemo())
  if (!settings)
    throw new StartError('The running demo was started by an older version. Stop it, and start it again: npm start')
  return settings
}

/** Whether the demo runs. The process id may have been reused, so the PDP must respond as well. */
async function isUp({ pid, url }: Run): Promise<boolean> {
  try {
    process.kill(pid, 0)
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })).ok
  } catch {
    return false
  }
}

/** Runs the app and resolves to its exit code. The terminal sends Ctrl-C to it directly; SIGTERM is forwarded. */
async function runs(program: string, args: readonly string[]): Promise<number> {
  // With this variable Electron runs as Node and opens no window.
  const { ELECTRON_RUN_AS_NODE: _asNode, ...env } = process.env
  const child = spawn(program, args, { stdio: 'inherit', env })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('error', (cause) => reject(new StartError(`${program} cannot be run`, { cause })))
  child.once('exit', (code) => resolve(code ?? 1))
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return await promise
}
