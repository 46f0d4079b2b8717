/**
 * Files that the core saves for a page: written to a temporary folder, served once as a download, then deleted.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface Downloads {
  /** The path for a file of that name. */
  readonly choose: (suggestedName: string) => string
  /** Download addresses of the chosen files that were written. */
  readonly writtenBy: (chosen: readonly string[]) => readonly string[]
  /** The file of an address; works once. */
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

/** A file name without path separators: replaces special characters by dashes. */
function safeName(name: string): string {
  const plain = name.replaceAll(/[^\w.-]/gu, '-').replaceAll(/^\.+/gu, '')
  return plain.slice(0, 120) || 'download'
}
