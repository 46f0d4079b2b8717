/**
 * The repository as the checks see it: the files that git tracks or would track, read once.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One finding of a check. */
export interface Objection {
  /** Path from the repository's root. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  readonly wrong: string
  /** What to do about it. */
  readonly mend: string
}

export interface Tree {
  /** Paths from the root, with `/`, sorted. */
  readonly files: readonly string[]
  /** @throws When the file cannot be read. */
  readonly read: (file: string) => string
}

/** @param root - A git work tree; ignored files are left out, untracked ones are in. */
export function openTree(root: string): Tree {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  // A deleted file stays in git's index until the deletion is staged.
  const files = [...new Set(listed.split('\0'))].filter((file) => file && existsSync(join(root, file))).sort()
  const texts = new Map<string, string>()
  const read = (file: string): string => {
    const text = texts.get(file) ?? readFileSync(join(root, file), 'utf8')
    texts.set(file, text)
    return text
  }
  return { files, read }
}

/** @returns the line that an offset is in, counted from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}
