/**
 * Reads the built page into a map of files, so that no path can leave the folder.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'

/** One file with its media type. */
export interface PageFile {
  readonly type: string
  readonly bytes: Uint8Array
}

/** Files by URL path. */
export type PageFiles = ReadonlyMap<string, PageFile>

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** Reads the files of known types. @param base - URL path of the page: `index.html` is at it, all else below it. */
export function readPageFiles(folder: string, base: string): PageFiles {
  const files = new Map<string, PageFile>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const path = name === 'index.html' ? base : `${base}/${name.split(sep).join('/')}`
    files.set(path, { type, bytes: new Uint8Array(readFileSync(join(folder, name))) })
  }
  return files
}
