/**
 * What a command line loads before its command runs.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Prints the path of every module that is loaded, on a line of its own. */
const SPY = `
import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'
registerHooks({ load: (url, context, next) => {
  if (url.startsWith('file:')) writeSync(2, url + '\\n')
  return next(url, context)
} })`

/** Modules that a program loads, by their path in the clone. */
function loadedBy(program: string, ...argv: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-start-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const spy = join(folder, 'spy.mjs')
  const seen = join(folder, 'seen')
  writeFileSync(spy, SPY)
  const command = ['--import', pathToFileURL(spy).href, join(ROOT, program), ...argv]
  execFileSync('sh', ['-c', `"$0" "$@" 2>"${seen}" >"${folder}/out"; true`, process.execPath, ...command], {
    env: { PATH: process.env['PATH'], HOME: folder },
  })
  const text = execFileSync('cat', [seen], { encoding: 'utf8' })
  return text
    .split('\n')
    .flatMap((line) => (line.startsWith(pathToFileURL(ROOT).href) ? [line.slice(pathToFileURL(ROOT).href.length)] : []))
}

const LIGHT =
  /^(?:cli\/(?:src\/(?:commands\/)?[\w-]+\.ts|package\.json)|service\/src\/(?:escape-controls|nearest-name|process-io)\.ts|auditor\/src\/[\w-]+\.ts|(?:cli\/)?node_modules\/commander\/.*)$/u
const SHARED = /^service\/src\/(?:escape-controls|nearest-name|parse-options|process-io)\.ts$/u
const AUDITORS_OWN = /^auditor\/src\/(?:main|cli|log-commands|usage|usage-error|source-error)\.ts$/u

test.for([
  ['--help'],
  ['--version'],
  ['grant', 'give', '--help'],
  ['log', 'query', '--help'],
  ['service', 'add', '--help'],
  ['qury'],
  ['ask', '--actoin', 'read'],
])('mandate %j loads the descriptions of commands, and nothing that they need to run', (argv) => {
  const loaded = loadedBy('cli/src/main.ts', ...argv)
  expect(loaded).toContain('cli/src/program.ts')
  expect(loaded.filter((file) => !LIGHT.test(file))).toEqual([])
  expect(loaded.filter((file) => file.startsWith('auditor/') && !AUDITORS_OWN.test(file))).toEqual([])
})

test.for([['--help'], ['query', '--help'], ['qury'], ['query', '--decison', 'deny']])(
  'mandate-audit %j loads no source of a log',
  (argv) => {
    const loaded = loadedBy('auditor/src/main.ts', ...argv).filter((file) => !SHARED.test(file))
    expect(loaded).toContain('auditor/src/cli.ts')
    expect(loaded.filter((file) => !AUDITORS_OWN.test(file))).toEqual([])
  },
)
