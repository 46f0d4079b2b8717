/**
 * `npm run log`: see `--help`.
 *
 * @module
 */
import process from 'node:process'
import { processIo } from '@mandate/service/process-io'
import { runLogCommand } from './log-command.ts'

// Files are readable by this user only.
process.umask(0o077)
process.exitCode = await runLogCommand(process.argv.slice(2), processIo())
