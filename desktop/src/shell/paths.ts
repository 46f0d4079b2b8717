/**
 * Paths of the configuration file and the data folder. Pure, but for the check whether a file exists.
 *
 * @module
 */
import { join } from 'node:path'

/** What decides where configuration and data are: how the app was started, and the system's folders. Paths are absolute. */
export interface PathsInput {
  readonly packaged: boolean
  readonly args: readonly string[]
  /** Folder beside the packaged app, written at installation. */
  readonly resources: string
  readonly userData: string
  readonly exists: (path: string) => boolean
}

/** Absolute paths of the configuration file and of the data folder. */
export interface ShellPaths {
  readonly configFile: string
  readonly dataDir: string
}

/** Arguments for running from source. A packaged app ignores them. */
const CONFIG_FLAG = '--mandate-config='
const DATA_FLAG = '--mandate-data='

/**
 * The installation's configuration takes precedence over the user's, so that in a managed installation no program of the user can redirect the
 * sign-in.
 */
export function pathsOf({ packaged, args, resources, userData, exists }: PathsInput): ShellPaths {
  const installed = join(resources, 'config.json')
  const own = join(userData, 'config.json')
  if (packaged) return { configFile: exists(installed) ? installed : own, dataDir: userData }
  return { configFile: argument(args, CONFIG_FLAG) ?? own, dataDir: argument(args, DATA_FLAG) ?? userData }
}

function argument(args: readonly string[], flag: string): string | undefined {
  return args.find((arg) => arg.startsWith(flag))?.slice(flag.length)
}
