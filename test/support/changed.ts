/**
 * Files that this clone changed, by Git.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'

/**
 * Paths, from the root, of the files that differ from the upstream branch (without one: from the last commit), or that Git does not track and does not
 * ignore. Deleted files are left out.
 *
 * @returns `undefined` without Git or outside a repository.
 */
export function changedFiles(root: string): readonly string[] | undefined {
  const git = (...args: readonly string[]): string | undefined => {
    const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
    return status === 0 ? stdout : undefined
  }
  const base = git('merge-base', 'HEAD', '@{upstream}')?.trim() ?? 'HEAD'
  const tracked = git('diff', '--name-only', '--diff-filter=d', '-z', base, '--')
  const untracked = git('ls-files', '--others', '--exclude-standard', '-z')
  if (tracked === undefined || untracked === undefined) return undefined
  return [...new Set(`${tracked}${untracked}`.split('\0'))].filter((path) => path !== '')
}
