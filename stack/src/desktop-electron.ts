/**
 * Finds the Electron binary. Since version 42 the npm package does not download it at installation. This module does not either: a download of 100 MB
 * from another host is the user's decision.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MissingToolError } from './errors.ts'

const MISSING = `The Electron binary is missing: its npm package does not contain it. Download it once, about
100 MB from github.com (or from the mirror in ELECTRON_MIRROR):

  npx install-electron

Or open the same app in your browser, for development:

  npm run desktop -- --browser`

/**
 * Path of the Electron binary.
 *
 * @param electronPackage - Folder of the npm package `electron`.
 * @param env - `ELECTRON_OVERRIDE_DIST_PATH`: folder of an existing binary, as for Electron's own command.
 * @throws MissingToolError with instructions for the download.
 */
export function findElectron(electronPackage: string, env: NodeJS.ProcessEnv): string {
  const given = env['ELECTRON_OVERRIDE_DIST_PATH']
  const told = join(electronPackage, 'path.txt')
  const name = existsSync(told) ? readFileSync(told, 'utf8') : given && 'electron'
  const program = name && join(given || join(electronPackage, 'dist'), name)
  if (program && existsSync(program)) return program
  throw new MissingToolError(MISSING)
}
