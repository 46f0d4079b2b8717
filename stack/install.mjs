/**
 * Installs the dependencies when node_modules does not match the lockfile. Runs before node_modules exists, with any version of Node, so it imports only
 * `node:` modules. Prints nothing when nothing is to be done; exits with npm's exit code when npm fails.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

if (!upToDate()) install()

/** Compares with `node_modules/.package-lock.json`, which npm writes last: after an interrupted install it is missing. */
function upToDate() {
  const installed = packages('node_modules/.package-lock.json')
  if (installed === undefined) return false
  return Object.entries(packages('package-lock.json') ?? {}).every(([path, { version, optional, link }]) => {
    if (path === '' || link || !path.includes('node_modules/')) return true
    return installed[path] === undefined ? optional === true : installed[path].version === version
  })
}

function packages(file) {
  try {
    return JSON.parse(readFileSync(`${root}${file}`, 'utf8')).packages
  } catch {
    return undefined
  }
}

function install() {
  process.stdout.write('Installing dependencies (npm ci)\n')
  const begin = Date.now()
  const npm = process.env['npm_execpath']
  const [command, prefix] = npm ? [process.execPath, [npm]] : ['npm', []]
  const { status, error } = spawnSync(command, [...prefix, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) {
    const why = error ? error.message : `exit code ${status ?? 'none'}`
    process.stderr.write(`npm ci failed (${why}). Is the npm registry reachable? Try again with: npm ci\n`)
    process.exit(status || 1)
  }
  process.stdout.write(`Installed in ${((Date.now() - begin) / 1000).toFixed(1)} s\n`)
}
