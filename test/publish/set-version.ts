/**
 * The `version` script of npm: runs within `npm version X.Y.Z`, after the root's `package.json` was changed and before the commit.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { spreadVersion } from './version.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const files = spreadVersion(root, new Date().toISOString().slice(0, 10))
if (files.length > 0) execFileSync('git', ['add', '--', ...files], { cwd: root })
process.stdout.write(`${files.length} files have the new version\n`)
