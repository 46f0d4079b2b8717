/**
 * `stack/install.mjs` with the real npm, in a small clone whose packages are files: no registry is asked.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ROOT } from '../support/compose-file.ts'

type Dependencies = Readonly<Record<string, string>>

/** What each workspace of the small clone needs: one package of each kind. */
const WORKSPACES: Readonly<
  Record<string, { readonly name?: string; readonly runs?: string; readonly develops?: string }>
> = {
  stack: { runs: 'served' },
  cli: { runs: 'parser' },
  auditor: { name: '@mandate/auditor', develops: 'checker' },
  'auditor/page': { name: '@mandate/auditor-page', develops: 'bundler' },
  'desktop/renderer': { name: '@mandate/desktop-renderer', develops: 'bundler' },
  'playground/page': { name: '@mandate/playground-page', develops: 'bundler' },
  'desktop/packaging': { name: '@mandate/desktop-packaging', develops: 'packer' },
  'examples/trips': { name: '@mandate/trips', runs: 'travelled' },
}
const VERSIONS = {
  served: ['1.0.0', '2.0.0'],
  travelled: ['1.0.0'],
  parser: ['1.0.0'],
  runner: ['1.0.0'],
  bundler: ['1.0.0'],
  checker: ['1.0.0'],
  packer: ['1.0.0'],
}
const START = ['parser', 'runner', 'served', 'travelled']
const PAGES = ['bundler', ...START].sort()
const DEVELOP = ['checker', ...PAGES].sort()
const ALL = ['packer', ...DEVELOP].sort()

/** What a release changes that needs another version of `served`. */
const CHANGED = ['package-lock.json', 'stack/package.json']

let prepared = ''
let clone = ''

const path = (...names: readonly string[]): string => join(clone, ...names)
/** Without the variables of an npm around this test: they would name its folder. */
const env = () => ({ PATH: process.env['PATH'], HOME: clone, npm_config_offline: 'true', npm_config_audit: 'false' })
const npm = (...args: readonly string[]): string =>
  execFileSync('npm', args, { cwd: clone, env: env(), encoding: 'utf8' })

function write(file: string, value: unknown): void {
  mkdirSync(dirname(path(file)), { recursive: true })
  writeFileSync(path(file), JSON.stringify(value))
}

/** A dependency on one of the packed packages. */
function on(folder: string, name: string, version = '1.0.0'): Dependencies {
  const up = folder === '.' ? '' : folder.replaceAll(/[^/]+/gu, '..').concat('/')
  return { [name]: `file:${up}packed/${name}-${version}.tgz` }
}

function writeWorkspaces(served = '1.0.0'): void {
  for (const [folder, { name = folder, runs, develops }] of Object.entries(WORKSPACES)) {
    write(`${folder}/package.json`, {
      name,
      version: '1.0.0',
      dependencies: runs ? on(folder, runs, runs === 'served' ? served : '1.0.0') : {},
      devDependencies: develops ? on(folder, develops) : {},
    })
  }
  rmSync(path('package-lock.json'), { force: true })
  npm('install', '--package-lock-only')
}

function install(...args: readonly string[]): {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
} {
  return spawnSync(process.execPath, [path('stack/install.mjs'), ...args], { env: env(), encoding: 'utf8' })
}

const there = (): readonly string[] =>
  Object.keys(VERSIONS)
    .filter((name) => existsSync(path('node_modules', name)))
    .sort()
const versionOf = (name: string): string =>
  JSON.parse(readFileSync(path('node_modules', name, 'package.json'), 'utf8')).version

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), 'mandate-install-'))
  prepared = clone
  mkdirSync(path('packed'))
  for (const [name, versions] of Object.entries(VERSIONS))
    for (const version of versions) {
      write(`source/${name}-${version}/package.json`, { name, version })
      npm('pack', '--silent', '--pack-destination', path('packed'), `./source/${name}-${version}`)
    }
  const workspaces = Object.keys(WORKSPACES)
  const root = { dependencies: on('.', 'runner'), devDependencies: on('.', 'checker') }
  write('package.json', { name: 'small', version: '1.0.0', private: true, workspaces, ...root })
  cpSync(join(ROOT, 'stack/install.mjs'), path('stack/install.mjs'))
  writeWorkspaces('2.0.0')
  for (const file of CHANGED) cpSync(path(file), path('next', file))
  writeWorkspaces()
  return () => rmSync(prepared, { recursive: true, force: true })
})
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'mandate-install-'))
  cpSync(prepared, clone, { recursive: true })
})
afterEach(() => rmSync(clone, { recursive: true, force: true }))

test('npm start installs what its processes need, once', () => {
  expect(install('start')).toMatchObject({ status: 0, stdout: expect.stringContaining('Installed in') })
  expect(there()).toEqual(START)
  expect(install('start')).toMatchObject({ status: 0, stdout: '' })
})

test('a larger set adds packages to a smaller one, and touches none that is there', () => {
  install('start')
  writeFileSync(path('node_modules/served/in-use'), '')
  expect(install('pages').status).toBe(0)
  expect(there()).toEqual(PAGES)
  expect(install('develop').status).toBe(0)
  expect(there()).toEqual(DEVELOP)
  expect(install().status).toBe(0)
  expect(there()).toEqual(ALL)
  expect(existsSync(path('node_modules/served/in-use'))).toBe(true)
  expect(install()).toMatchObject({ status: 0, stdout: '' })
})

test('everything at once is everything, also with NODE_ENV=production', () => {
  const { status } = spawnSync(process.execPath, [path('stack/install.mjs')], {
    env: { ...env(), NODE_ENV: 'production' },
  })
  expect(status).toBe(0)
  expect(there()).toEqual(ALL)
})

test.for([
  ['pages', PAGES],
  ['develop', DEVELOP],
] as const)('%s alone brings what a smaller set has, too', ([set, names]) => {
  expect(install(set).status).toBe(0)
  expect(there()).toEqual(names)
})

test('nothing is ever taken away: not by a smaller set, not by a new lockfile', () => {
  npm('ci')
  expect(install('start')).toMatchObject({ status: 0, stdout: '' })
  expect(there()).toEqual(ALL)
  for (const file of CHANGED) cpSync(path('next', file), path(file))
  expect(install('start').status).toBe(0)
  expect(there()).toEqual(ALL)
  expect(versionOf('served')).toBe('2.0.0')
})

test('a new lockfile installs a small set anew', () => {
  install('start')
  for (const file of CHANGED) cpSync(path('next', file), path(file))
  expect(install('start').stdout).toContain('Installed in')
  expect(there()).toEqual(START)
  expect(versionOf('served')).toBe('2.0.0')
})

test('an interrupted installation is done again', () => {
  install('start')
  rmSync(path('node_modules/.package-lock.json'))
  expect(install('start').stdout).toContain('Installed in')
  expect(there()).toEqual(START)
})

test('a set that was changed by hand is installed again', () => {
  install('start')
  npm('install', '--no-save', '--omit=dev')
  rmSync(path('node_modules/served'), { recursive: true })
  npm('install', '--no-save')
  expect(install('all')).toMatchObject({ status: 0, stdout: '' })
  expect(there()).toEqual(ALL)
})

test('npm’s failure is reported with its exit code', () => {
  rmSync(path('package-lock.json'))
  const { status, stderr } = install('start')
  expect(status).not.toBe(0)
  expect(stderr).toContain('npm ci failed')
  expect(install('nothing')).toMatchObject({ status: 1, stderr: expect.stringContaining('unknown set nothing') })
})

test('every process that the stack starts is in a workspace that npm start installs', () => {
  const manifests = new Map<string, { readonly name: string; readonly dependencies?: Dependencies }>()
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    workspaces: readonly string[]
  }
  for (const folder of workspaces)
    manifests.set(folder, JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')))
  const installer = readFileSync(join(ROOT, 'stack/install.mjs'), 'utf8')
  const [, list = ''] = /^const STARTED = workspaces\((?<names>.*)\)$/mu.exec(installer) ?? []
  const named = list.split(', ').map((name) => name.slice(1, -1))
  const chosen = [...manifests].filter(([folder, { name }]) =>
    named.some((each) => each === name || folder === each || folder.startsWith(`${each}/`)),
  )
  const installed = new Map(chosen)
  for (const [, { dependencies = {} }] of installed)
    for (const [folder, manifest] of manifests) if (manifest.name in dependencies) installed.set(folder, manifest)
  const entries = execFileSync('grep', ['-rhoE', "'[a-z/-]+/src/[a-z/]*main\\.ts'", join(ROOT, 'stack/src')], {
    encoding: 'utf8',
  })
  const started = entries.trim().split('\n')
  expect(started.length).toBeGreaterThan(5)
  for (const entry of started) expect([...installed.keys()], entry).toContain(entry.slice(1).split('/src/')[0])
  // Otherwise a development package of the tests would come with it.
  expect([...installed.keys()]).not.toContain('test')
})

describe('while another process installs in the same clone', () => {
  const lock = () => path('.mandate', 'install.lock')
  beforeEach(() => mkdirSync(path('.mandate')))

  test('it waits, and leaves what is installed then', async () => {
    writeFileSync(lock(), String(process.pid))
    const child = spawn(process.execPath, [path('stack/install.mjs'), 'start'], { env: env() })
    const [first] = await once(child.stdout, 'data')
    expect(String(first)).toBe(`Process ${process.pid} installs dependencies in this clone: waiting for it\n`)
    rmSync(lock())
    const [code] = await once(child, 'exit')
    expect([code, existsSync(lock())]).toEqual([0, false])
    expect(install('start').stdout).toBe('')
  })

  test('it does not wait for one that is gone', () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    writeFileSync(lock(), String(pid))
    expect(install('start')).toMatchObject({ status: 0, stdout: expect.not.stringContaining('waiting') })
  })
})
