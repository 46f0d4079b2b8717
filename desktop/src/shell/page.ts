/**
 * Serves the built page from a fixed map of files that is read once, so that no path can leave the folder. Independent of Electron: the development
 * host uses it too.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'

/** One file of the built page, with its media type. */
export interface PageFile {
  readonly type: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Files by URL path; `/` is the page. */
export type PageFiles = ReadonlyMap<string, PageFile>

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/**
 * Reads the files of known types.
 *
 * @throws Error when there is no built page.
 */
export function readPage(folder: string): PageFiles {
  const files = new Map<string, PageFile>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = TYPES[extname(name)]
    if (type === undefined) continue
    const path = `/${name.split(sep).join('/')}`
    files.set(path === '/index.html' ? '/' : path, { type, bytes: new Uint8Array(readFileSync(join(folder, name))) })
  }
  if (!files.has('/')) throw new Error(`there is no page in ${folder}`)
  return files
}

/** Where the page may connect to: nowhere in Electron, which uses IPC; its own host in a browser. */
export type Connects = 'nowhere' | 'own-host'

/** Security headers: own files only, no inline code, no framing, no `eval`. */
export function pageHeaders(connects: Connects): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    connects === 'own-host' ? "connect-src 'self'" : "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
  }
}
