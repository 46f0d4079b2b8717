/**
 * `npm run log`: see `--help`.
 *
 * @module
 */
import process from 'node:process'
import { runLogCommand } from './log-command.ts'

// Files are readable by this user only.
process.umask(0o077)
process.exitCode = await runLogCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  environment: process.env,
})
