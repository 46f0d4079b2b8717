/**
 * Where the shell finds its configuration and keeps its files. Pure but for the question whether a file exists.
 *
 * @module
 */
import { join } from 'node:path'

export interface PlacesInput {
  readonly packaged: boolean
  readonly args: readonly string[]
  /** Beside the packaged app, written by whoever installs it. */
  readonly resources: string
  readonly userData: string
  readonly exists: (path: string) => boolean
}

export interface Places {
  readonly configFile: string
  readonly dataDir: string
}

/** For starting from the sources: which stack the app shall speak to. A packaged app does not listen. */
const CONFIG_FLAG = '--mandate-config='
const DATA_FLAG = '--mandate-data='

/**
 * The installation's configuration wins over the person's own: where an administrator installs, no program of the person's can lead the sign-in
 * elsewhere.
 */
export function placesOf({ packaged, args, resources, userData, exists }: PlacesInput): Places {
  const installed = join(resources, 'config.json')
  const own = join(userData, 'config.json')
  if (packaged) return { configFile: exists(installed) ? installed : own, dataDir: userData }
  return { configFile: argument(args, CONFIG_FLAG) ?? own, dataDir: argument(args, DATA_FLAG) ?? userData }
}

function argument(args: readonly string[], flag: string): string | undefined {
  return args.find((arg) => arg.startsWith(flag))?.slice(flag.length)
}
