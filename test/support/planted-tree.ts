/**
 * Planted files, for tests of the checks.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Objection, openTree, type Tree } from '../check/tree.ts'

export type PlantedFiles = Readonly<Record<string, string>>

/** A git work tree in a temporary folder, deleted after the test. @returns its path. */
export function plantFolder(files: PlantedFiles): string {
  const root = mkdtempSync(join(tmpdir(), 'mandate-check-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  execFileSync('git', ['init', '--quiet', root])
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

/** The same as {@link treeOf}, read from a git work tree. */
export const plant = (files: PlantedFiles): Tree => openTree(plantFolder(files))

/** Planted files in memory: for checks that only read what a tree lists. */
export const treeOf = (files: PlantedFiles): Tree => ({
  files: Object.keys(files).sort(),
  read: (file) => {
    const text = files[file]
    if (text === undefined) throw new Error(`${file} is not planted`)
    return text
  },
})

/** Findings as `npm run check` prints them, without the cure. */
export const told = (objections: readonly Objection[]): readonly string[] =>
  objections.map(({ file, line, wrong }) => `${file}:${line}: ${wrong}`)
