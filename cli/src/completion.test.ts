/**
 * Completion as the shells' scripts ask for it.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

/** The candidates that are printed, without their descriptions. */
const candidates = (...words: readonly string[]): readonly string[] =>
  execFileSync(process.execPath, [MAIN, 'complete', '--', ...words], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => line.split('\t')[0] ?? [])

test('completes commands, options and known values', () => {
  expect(candidates('gra')).toContain('grant')
  expect(candidates('grant', 're')).toContain('revoke')
  expect(candidates('grant', 'list', '--e')).toContain('--ended')
  expect(candidates('log', 'query', '--decision', '')).toEqual(expect.arrayContaining(['permit', 'deny']))
})

test.for(['bash', 'zsh', 'fish'])('prints a script for %s', (shell) => {
  expect(execFileSync(process.execPath, [MAIN, 'completion', shell], { encoding: 'utf8' })).toContain('mandate')
})
