/**
 * Installs the dependencies that a command needs, when node_modules does not have them: `node stack/install.mjs [SET]`, `all` by default.
 * `start` is what `npm start` runs, `pages` adds what builds the pages, `develop` what checks and tests need, `all` what packages the desktop app.
 *
 * Runs before node_modules exists, with any version of Node, so it imports only `node:` modules. Prints nothing when nothing is to be done; exits with npm's
 * exit code when npm fails.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const LOCKFILE = 'package-lock.json'
/** npm writes it last: after an interrupted installation it is missing. */
const INSTALLED = 'node_modules/.package-lock.json'
/** Says which set is installed, unless all is. `npm ci` deletes it with node_modules. */
const MARKER = 'node_modules/.mandate-set.json'

/** Holds the id of the process that installs: `npm ci` of another one would delete what this one unpacks. */
const LOCK = '.mandate/install.lock'
const POLL_MS = 200
/** Longest wait for another process, in milliseconds: its id may be another program's by now. */
const LONGEST_WAIT_MS = 600_000

/** Workspaces with a process that `npm start` runs, and the command line. A folder stands for every workspace in it, so the auditor, whose page is inside, has its name. */
const STARTED = workspaces('stack', '@mandate/auditor', 'cli', 'examples')
const PAGES = workspaces('@mandate/auditor-page', '@mandate/desktop-renderer', '@mandate/playground-page')
const DEVELOPED = workspaces(...namesBut('desktop/packaging'))
/** The root's own dependency is the Node that runs everything. */
const START = ['--omit=dev', ...STARTED, '--include-workspace-root']

/** npm's options for each set, smallest first: a set contains the ones before it. Several lists of options are installed one after another. */
const SETS = {
  start: [START],
  pages: [START, ['--include=dev', ...PAGES]],
  // `--include=dev`, because NODE_ENV=production omits it.
  develop: [['--include=dev', ...DEVELOPED, '--include-workspace-root']],
  all: [['--include=dev']],
}
const ORDER = Object.keys(SETS)

main(process.argv[2] ?? 'all')

function main(wanted) {
  if (!ORDER.includes(wanted)) throw new TypeError(`unknown set ${wanted}: one of ${ORDER.join(', ')}`)
  if (isInstalled(wanted)) return
  lock()
  const { set: had, current } = installed()
  if (current && contains(had, wanted)) return
  // Never less than before: after a new lockfile, a developer who had everything gets everything.
  const set = had !== undefined && contains(had, wanted) ? had : wanted
  install(
    SETS[set].filter((options) => !(current && SETS[had].includes(options))),
    current,
  )
  if (set === 'all') rmSync(`${root}${MARKER}`, { force: true })
  else writeFileSync(`${root}${MARKER}`, JSON.stringify({ set, ...hashes() }))
}

function isInstalled(wanted) {
  const { set, current } = installed()
  return current && contains(set, wanted)
}

/** Waits until no other process installs in this clone. The lock ends with this process; that of a process that is gone does not count. */
function lock() {
  const until = Date.now() + LONGEST_WAIT_MS
  let isTold = false
  while (!tryLock()) {
    const holder = Number(read(LOCK))
    if (!isAlive(holder) || Date.now() > until) {
      rmSync(`${root}${LOCK}`, { force: true })
      continue
    }
    if (!isTold) process.stdout.write(`Process ${holder} installs dependencies in this clone: waiting for it\n`)
    isTold = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
  }
}

/** Also true where the clone cannot be written: npm says that best. */
function tryLock() {
  try {
    mkdirSync(`${root}.mandate`, { recursive: true, mode: 0o700 })
    writeFileSync(`${root}${LOCK}`, String(process.pid), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    return error.code !== 'EEXIST'
  }
  process.on('exit', () => rmSync(`${root}${LOCK}`, { force: true }))
  return true
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function workspaces(...names) {
  return names.flatMap((name) => ['--workspace', name])
}

/** Names of all workspaces but the one in a folder. */
function namesBut(folder) {
  const others = parse(read('package.json')).workspaces.filter((each) => each !== folder)
  return others.map((each) => parse(read(`${each}/package.json`)).name)
}

function contains(set, other) {
  return ORDER.indexOf(set) >= ORDER.indexOf(other)
}

/** The set in node_modules; `current`: whether it is the lockfile's. Without a marker npm was called by hand, which installs everything. */
function installed() {
  if (packages(INSTALLED) === undefined) return { set: undefined, current: false }
  const marker = parse(read(MARKER))
  if (marker === undefined || !ORDER.includes(marker.set)) return { set: 'all', current: allInstalled() }
  const { lockfile, tree } = hashes()
  if (marker.lockfile === lockfile && marker.tree === tree) return { set: marker.set, current: true }
  // npm was called by hand since.
  return allInstalled() ? { set: 'all', current: true } : { set: marker.set, current: false }
}

/** Whether every package of the lockfile is installed in its version. */
function allInstalled() {
  const there = packages(INSTALLED) ?? {}
  return Object.entries(packages(LOCKFILE) ?? {}).every(([path, { version, optional, link }]) => {
    if (path === '' || link || !path.includes('node_modules/')) return true
    return there[path] === undefined ? optional === true : there[path].version === version
  })
}

function hashes() {
  return { lockfile: hash(LOCKFILE), tree: hash(INSTALLED) }
}

function hash(file) {
  const content = read(file) ?? ''
  return createHash('sha256').update(content).digest('hex')
}

function packages(file) {
  return parse(read(file))?.packages
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function read(file) {
  try {
    return readFileSync(`${root}${file}`, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * Runs npm for each list of options. Where a smaller set of the same lockfile is there (`adds`), npm adds what is missing: `npm ci` would first delete all
 * of node_modules, which running processes read.
 */
function install(lists, adds) {
  process.stdout.write('Installing dependencies\n')
  const begin = Date.now()
  for (const [index, options] of lists.entries()) {
    runNpm(adds || index > 0 ? ['install', '--no-save'] : ['ci'], options)
  }
  process.stdout.write(`Installed in ${((Date.now() - begin) / 1000).toFixed(1)} s\n`)
}

function runNpm(how, options) {
  const npm = process.env['npm_execpath']
  const [command, prefix] = npm ? [process.execPath, [npm]] : ['npm', []]
  const args = [...prefix, ...how, ...options, '--no-audit', '--no-fund', '--loglevel=error']
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status === 0) return
  const why = error ? error.message : `exit code ${status ?? 'none'}`
  process.stderr.write(`npm ${how[0]} failed (${why}). Is the npm registry reachable? Try again with: npm ci\n`)
  process.exit(status || 1)
}
