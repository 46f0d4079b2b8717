/**
 * The auditor's page, which a browser cannot run as it is written: built when it has not been, or was from other sources.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'
import { ROOT } from './service.ts'

const ROOM = join(ROOT, 'auditor')
const BUILT = join(ROOM, 'dist')
const MARKER = 'built-from'
const SOURCES = ['auditor/page', 'auditor/vite.config.ts', 'ui/src', 'protocol/src', 'package-lock.json']

/** Builds aside and moves it into place: whoever serves the old one meanwhile is not left without. */
export async function buildPage(onRemark: (text: string) => void): Promise<void> {
  const wanted = fingerprint()
  if (builtFrom() === wanted) return
  onRemark("building the auditor's page")
  const aside = `${BUILT}.${process.pid}`
  try {
    const vite = join(ROOT, 'node_modules/vite/bin/vite.js')
    await runCommand(process.execPath, [vite, 'build', '--logLevel', 'warn', '--outDir', aside], { cwd: ROOM })
    writeFileSync(join(aside, MARKER), wanted)
    // Two processes may have built the same: either is good.
    rmSync(BUILT, { recursive: true, force: true })
    renameSync(aside, BUILT)
  } catch (error) {
    if (builtFrom() !== wanted) throw error
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function builtFrom(): string | undefined {
  const marker = join(BUILT, MARKER)
  return existsSync(marker) ? readFileSync(marker, 'utf8') : undefined
}

function fingerprint(): string {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
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
