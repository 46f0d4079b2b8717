/**
 * `npm run test:defences`: switches each defence of `defences.ts` off in a copy of the tree, and expects the named test to fail. A defence whose test passes without it is
 * no proof: exit 1.
 *
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { readOptions } from '../support/cli-options.ts'
import { DEFENCES, type Defence } from './defences.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const HELP = `npm run test:defences -- [options]

  --item NAME    only defences of this item of SECURITY.md
  --help         this text
`
const reportSchema = z.object({
  testResults: z.array(z.object({ assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })) })),
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** A copy of the files that git knows, with the packages of this tree. */
function copyTree(): string {
  const copy = mkdtempSync(join(tmpdir(), 'mandate-defences-'))
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    maxBuffer: 1 << 26,
  })
  for (const file of files.toString().split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(ROOT, file), join(copy, file))
  }
  linkPackages(copy)
  return copy
}

/** Packages of registries are those of this tree; those of the workspace are the copies. */
function linkPackages(copy: string): void {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly workspaces: readonly string[]
  }
  for (const folder of ['.', ...workspaces]) {
    const packages = join(ROOT, folder, 'node_modules')
    if (!existsSync(packages)) continue
    const names = readdirSync(packages)
    mkdirSync(join(copy, folder, 'node_modules'), { recursive: true })
    for (const name of names) {
      if (name === '@mandate' || name === '.cache') continue
      symlinkSync(join(packages, name), join(copy, folder, 'node_modules', name))
    }
  }
  mkdirSync(join(copy, 'node_modules/@mandate'))
  for (const folder of workspaces) {
    const { name } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as { readonly name: string }
    if (name.startsWith('@mandate/')) symlinkSync(join(copy, folder), join(copy, 'node_modules', name))
  }
}

/** Names of the tests of a file, by what became of them. */
function play(copy: string, files: readonly string[]): ReadonlyMap<string, string> {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const args = ['run', '--project', 'unit', '--reporter=json', `--outputFile=${report}`, ...files]
  const { stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: copy,
    encoding: 'utf8',
  })
  try {
    const { testResults } = reportSchema.parse(JSON.parse(readFileSync(report, 'utf8')))
    return new Map(
      testResults.flatMap(({ assertionResults }) => assertionResults.map(({ fullName, status }) => [fullName, status])),
    )
  } catch (cause) {
    throw new Error(`vitest gave no report: ${stderr.slice(-2_000)}`, { cause })
  }
}

/** @returns Why the defence is not proved; `undefined` when its test failed without it. */
function objection(copy: string, defence: Defence, sound: ReadonlyMap<string, string>): string | undefined {
  const { file, from, to, test, title } = defence
  const named = [...sound].filter(([name]) => name.includes(title))
  if (named.length === 0) return 'no test has this title'
  const isSound = (results: ReadonlyMap<string, string>): boolean =>
    named.every(([name]) => results.get(name) === 'passed')
  // All files at once are much for a small machine: a test that failed among them is played alone.
  if (!isSound(sound) && !isSound(play(copy, [test]))) return 'its test fails with the defence on'
  const text = readFileSync(join(ROOT, file), 'utf8')
  writeFileSync(
    join(copy, file),
    text.replace(from, () => to),
  )
  try {
    const results = play(copy, [test])
    return named.some(([name]) => results.get(name) === 'failed') ? undefined : 'its test passes with the defence off'
  } finally {
    writeFileSync(join(copy, file), text)
  }
}

/** Items of what counts as a vulnerability for which no defence is listed. */
function itemsWithout(defences: readonly Defence[]): readonly string[] {
  const section =
    readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')
      .split('\n## ')
      .find((text) => text.startsWith('What counts as a vulnerability')) ?? ''
  const items = [...section.matchAll(/^### (?<name>.+)$/gmu)].map(({ groups }) => groups?.['name'] ?? '')
  return items.filter((name) => !defences.some(({ item }) => item === name))
}

function main(args: readonly string[]): number {
  const { item, help } = readOptions(args, { item: '', help: false })
  if (help) {
    print(HELP)
    return 0
  }
  const chosen = DEFENCES.filter((defence) => item === '' || defence.item === item)
  const copy = copyTree()
  try {
    const sound = play(copy, [...new Set(chosen.map(({ test }) => test))])
    const wrong = chosen.filter((defence) => {
      const objected = objection(copy, defence, sound)
      print(`${objected === undefined ? 'noticed ' : 'UNPROVED'}  ${defence.item}: ${defence.off}`)
      if (objected !== undefined) print(`          ${objected}: ${defence.test} › ${defence.title}`)
      return objected !== undefined
    })
    const bare = item === '' ? itemsWithout(DEFENCES) : []
    for (const name of bare) print(`MISSING   ${name}: no defence is listed`)
    print(`${chosen.length - wrong.length} of ${chosen.length} defences are noticed when they are off`)
    return wrong.length + bare.length === 0 && chosen.length > 0 ? 0 : 1
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

process.exitCode = main(process.argv.slice(2))
