/**
 * The checks of our own in `npm run check`: one line a finding, exit 1 when there is any.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { checkCitations } from './citations.ts'
import { checkDependencies } from './dependencies.ts'
import { checkExports } from './exports.ts'
import { checkPins } from './pins.ts'
import { checkRooms } from './rooms.ts'
import { checkSecrets } from './secrets.ts'
import { checkSecurityMapping } from './security-mapping.ts'
import { checkSecurityPolicy } from './security-policy.ts'
import { checkSource } from './source-rules.ts'
import { checkStoredData } from './stored-data.ts'
import { openTree } from './tree.ts'

const CHECKS = [
  checkCitations,
  checkRooms,
  checkExports,
  checkPins,
  checkDependencies,
  checkSource,
  checkSecrets,
  checkSecurityMapping,
  checkSecurityPolicy,
  checkStoredData,
]

const tree = openTree(fileURLToPath(new URL('../..', import.meta.url)))
const objections = CHECKS.flatMap((check) => check(tree))
for (const { file, line, wrong, mend } of objections) process.stderr.write(`${file}:${line}: ${wrong}: ${mend}\n`)
if (objections.length > 0) process.exitCode = 1
