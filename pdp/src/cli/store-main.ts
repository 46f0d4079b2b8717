/**
 * `npm run store`: see `--help`.
 *
 * @module
 */
import process from 'node:process'
import { processIo } from '@mandate/service/process-io'
import { runStoreCommand } from './store-command.ts'

// Files are readable by this user only.
process.umask(0o077)
process.exitCode = await runStoreCommand(process.argv.slice(2), processIo())
