/**
 * Files that the core saves for a page: written to a folder of the host's, handed out once as a download, then gone.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface Downloads {
  /** Where to write a file of that name. */
  readonly choose: (suggestedName: string) => string
  /** Addresses of what has been chosen in `work` and is written by its end. */
  readonly writtenBy: (chosen: readonly string[]) => readonly string[]
  /** The file of an address, once. */
  readonly take: (address: string) => { readonly name: string; readonly bytes: Buffer } | undefined
  readonly close: () => void
}

const PREFIX = '/downloads/'

export function createDownloads(folder: string): Downloads {
  const ready = new Map<string, string>()
  return {
    choose: (suggestedName) => {
      const place = join(folder, randomUUID())
      mkdirSync(place, { recursive: true, mode: 0o700 })
      return join(place, safeName(suggestedName))
    },
    writtenBy: (chosen) =>
      chosen.filter(existsSync).map((file) => {
        const address = PREFIX + randomUUID()
        ready.set(address, file)
        return address
      }),
    take: (address) => {
      const file = ready.get(address)
      if (file === undefined) return undefined
      ready.delete(address)
      const bytes = readFileSync(file)
      rmSync(join(file, '..'), { recursive: true, force: true })
      return { name: basename(file), bytes }
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A name and never a way: what is no plain character becomes a dash. */
function safeName(name: string): string {
  const plain = name.replaceAll(/[^\w.-]/gu, '-').replaceAll(/^\.+/gu, '')
  return plain.slice(0, 120) || 'download'
}
