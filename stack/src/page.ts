/**
 * Builds the parts that Node cannot run from source: the pages of the auditor, the playground and the desktop, and the desktop's bundles for Electron. A build is skipped
 * when the hash of its sources has not changed. Vite is no dependency of `npm start`: it is installed when a build needs it.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runCommand } from './run-command.ts'
import { ROOT } from './service.ts'

const MARKER = 'built-from'
const SHARED = ['ui/src', 'protocol/src', 'package-lock.json']
const VITE = 'node_modules/vite/bin/vite.js'
const INSTALL = 'stack/install.mjs'
const ELECTRON_VITE = 'node_modules/electron-vite/bin/electron-vite.js'

interface Build {
  /** Name in progress output. */
  readonly what: string
  readonly room: string
  readonly built: string
  readonly sources: readonly string[]
  /** What the build needs installed: a set of `stack/install.mjs`. */
  readonly needs: 'pages' | 'develop'
  /** Script and arguments, without `--outDir`. */
  readonly command: readonly [string, ...string[]]
}

const AUDITOR_PAGE = join(ROOT, 'auditor/dist')

const PLAYGROUND_PAGE = join(ROOT, 'playground/dist')

const NOT_BUILT = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Mandate: not built</title>
  </head>
  <body>
    <p>This page is not built yet. npm start builds it after the story: reload it then.</p>
  </body>
</html>
`

/** Output folder of {@link buildDesktopPage}. */
export const DESKTOP_PAGE = join(ROOT, 'desktop/dist/renderer')

/** Output folder of {@link buildDesktopApp}. */
export const DESKTOP_APP = join(ROOT, 'desktop/out')

const DESKTOP_PAGE_SOURCES = [
  'desktop/renderer',
  'desktop/src/browser',
  'desktop/src/preload',
  'desktop/src/shared',
  ...SHARED,
]

/** Builds the auditor's page. */
export function buildPage(onRemark: (text: string) => void): Promise<void> {
  const sources = ['auditor/page', ...SHARED]
  const built = AUDITOR_PAGE
  const command = [VITE, 'build'] as const
  return build({ what: "the auditor's page", room: 'auditor/page', built, sources, needs: 'pages', command }, onRemark)
}

/** Puts a page there that says so, where the auditor's page was never built: its server starts without waiting for a build. */
export function preparePage(): void {
  mkdirSync(AUDITOR_PAGE, { recursive: true })
  for (const name of ['index.html', 'console.html']) {
    const file = join(AUDITOR_PAGE, name)
    if (!existsSync(file)) writeFileSync(file, NOT_BUILT)
  }
}

/** Builds the playground's page. Resolves to its folder. */
export async function buildPlaygroundPage(onRemark: (text: string) => void): Promise<string> {
  const sources = ['playground/page', 'playground/src/api.ts', 'cases/src/ask.ts', ...SHARED]
  const [what, room, built] = ["the playground's page", 'playground/page', PLAYGROUND_PAGE] as const
  await build({ what, room, built, sources, needs: 'pages', command: [VITE, 'build'] }, onRemark)
  return built
}

/** Builds the desktop's page, for the development host in a browser. */
export function buildDesktopPage(onRemark: (text: string) => void): Promise<void> {
  const command = [VITE, 'build'] as const
  const [room, sources, built] = ['desktop/renderer', DESKTOP_PAGE_SOURCES, DESKTOP_PAGE] as const
  return build({ what: "the desktop's page", room, built, sources, needs: 'pages', command }, onRemark)
}

/** Builds the desktop app for Electron. */
export function buildDesktopApp(onRemark: (text: string) => void): Promise<void> {
  const sources = ['desktop/src', 'desktop/electron.vite.config.ts', 'desktop/package.json', ...DESKTOP_PAGE_SOURCES]
  const command = [ELECTRON_VITE, 'build'] as const
  const built = DESKTOP_APP
  return build({ what: 'the desktop app', room: 'desktop', built, sources, needs: 'develop', command }, onRemark)
}

/** Installs the packages of a set of `stack/install.mjs`, if they are missing: some 20 s for `develop` after `start`. */
export async function installPackages(set: Build['needs']): Promise<void> {
  await runCommand(process.execPath, [join(ROOT, INSTALL), set])
}

/** Builds into a temporary folder and renames it, so that a server of the previous build is not interrupted. */
async function build(
  { what, room, built, sources, needs, command }: Build,
  onRemark: (text: string) => void,
): Promise<void> {
  const wanted = fingerprint(sources)
  if (builtFrom(built) === wanted) return
  const aside = `${built}.${process.pid}`
  const [script, ...args] = command
  const program = join(ROOT, script)
  try {
    if (!existsSync(program)) onRemark(`installing what builds ${what}`)
    await installPackages(needs)
    onRemark(`building ${what}`)
    const given = [program, ...args, '--logLevel', 'warn', '--outDir', aside]
    await runCommand(process.execPath, given, { cwd: join(ROOT, room) })
    writeFileSync(join(aside, MARKER), wanted)
    mkdirSync(dirname(built), { recursive: true })
    // A concurrent process may have built the same sources: either result is valid.
    rmSync(built, { recursive: true, force: true })
    renameSync(aside, built)
  } catch (error) {
    if (builtFrom(built) !== wanted) throw error
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function builtFrom(built: string): string | undefined {
  const marker = join(built, MARKER)
  return existsSync(marker) ? readFileSync(marker, 'utf8') : undefined
}

function fingerprint(sources: readonly string[]): string {
  const hash = createHash('sha256')
  for (const source of sources) {
    for (const path of filesOf(join(ROOT, source))) hash.update(path.slice(ROOT.length)).update(readFileSync(path))
  }
  return hash.digest('hex')
}

function filesOf(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('.test.ts'))
    .map((name) => join(path, name))
    .filter((found) => statSync(found).isFile())
    .sort()
}
