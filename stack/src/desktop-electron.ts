/**
 * Electron's program: where it is, and what to say when it is not. Since version 42 its package does not fetch it when it is installed; this does not either,
 * since a hundred megabytes from elsewhere are the person's to decide on.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MissingToolError } from './errors.ts'

const MISSING = `Electron's program is not here. Its package does not bring it; fetch it once, about 100 MB from
github.com (or the mirror that ELECTRON_MIRROR names):

  npx install-electron

Or open the same app in your browser, for development, without it:

  npm run desktop -- --browser`

/**
 * @param electronPackage - The folder of the npm package `electron`.
 * @param env - `ELECTRON_OVERRIDE_DIST_PATH` names the folder of a program that is there already, as Electron's own command has it.
 * @throws MissingToolError that says how to get it.
 */
export function findElectron(electronPackage: string, env: NodeJS.ProcessEnv): string {
  const given = env['ELECTRON_OVERRIDE_DIST_PATH']
  const told = join(electronPackage, 'path.txt')
  const name = existsSync(told) ? readFileSync(told, 'utf8') : given && 'electron'
  const program = name && join(given || join(electronPackage, 'dist'), name)
  if (program && existsSync(program)) return program
  throw new MissingToolError(MISSING)
}
