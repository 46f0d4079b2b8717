/**
 * The checks of our own in `npm run check`: one line a finding, exit 1 when there is any.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { checkCitations } from './citations.ts'
import { checkExports } from './exports.ts'
import { checkRooms } from './rooms.ts'
import { openTree } from './tree.ts'

const CHECKS = [checkCitations, checkRooms, checkExports]

const tree = openTree(fileURLToPath(new URL('../..', import.meta.url)))
const objections = CHECKS.flatMap((check) => check(tree))
for (const { file, line, wrong, mend } of objections) process.stderr.write(`${file}:${line}: ${wrong}: ${mend}\n`)
if (objections.length > 0) process.exitCode = 1
