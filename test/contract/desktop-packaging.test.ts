/**
 * The desktop app as it would be packaged, with a stand-in for Electron's distribution: what is in the archive, and how the executable's fuses stand. A
 * stand-in has the sentinel that fuses are found by, and nothing that runs.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runInNewContext } from 'node:vm'
import { readFuses } from '@mandate/desktop/fuses'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ROOM = join(ROOT, 'desktop')

let folder: string
let archive: ReadonlyMap<string, string>

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'mandate-packaging-')))
  makeStandIn(join(folder, 'electron'))
  await run(
    process.execPath,
    [join(ROOT, 'node_modules/electron-vite/bin/electron-vite.js'), 'build', '--outDir', join(folder, 'out')],
    { cwd: ROOM },
  )
  const options = {
    'directories.app': join(folder, 'out'),
    'directories.output': join(folder, 'release'),
    electronDist: join(folder, 'electron'),
  }
  const given = Object.entries(options).map(([name, value]) => `-c.${name}=${value}`)
  const builder = join(ROOT, 'node_modules/electron-builder/cli.js')
  await run(process.execPath, [builder, '--linux', 'dir', '--config', 'electron-builder.yml', ...given], { cwd: ROOM })
  archive = readArchive(join(folder, 'release/linux-unpacked/resources/app.asar'))
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The fuses as Electron is delivered with them, most of them the wrong way round. */
function makeStandIn(dist: string): void {
  mkdirSync(join(dist, 'resources'), { recursive: true })
  const fuses = Buffer.concat([
    Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
    Buffer.from([1, 9]),
    Buffer.from('101100011'),
  ])
  writeFileSync(join(dist, 'electron'), Buffer.concat([Buffer.alloc(64), fuses, Buffer.alloc(64)]), { mode: 0o755 })
  const { devDependencies } = JSON.parse(readFileSync(join(ROOM, 'package.json'), 'utf8'))
  writeFileSync(join(dist, 'version'), devDependencies.electron)
  const header = Buffer.from('{"files":{}}')
  const sizes = Buffer.alloc(16)
  for (const [at, size] of [4, header.length + 8, header.length + 4, header.length].entries())
    sizes.writeUInt32LE(size, at * 4)
  writeFileSync(join(dist, 'resources/default_app.asar'), Buffer.concat([sizes, header]))
}

interface Folder {
  readonly files: Readonly<Record<string, Folder | { readonly size: number; readonly offset: string }>>
}
const folderSchema: z.ZodType<Folder> = z.lazy(() =>
  z.object({ files: z.record(z.string(), z.union([folderSchema, z.object({ size: z.int(), offset: z.string() })])) }),
)

/** An asar: four lengths, a header in JSON, then the files one behind the other. */
function readArchive(file: string): ReadonlyMap<string, string> {
  const bytes = readFileSync(file)
  const start = 8 + bytes.readUInt32LE(4)
  const header = folderSchema.parse(JSON.parse(bytes.toString('utf8', 16, 16 + bytes.readUInt32LE(12))))
  const found = new Map<string, string>()
  const walk = ({ files }: Folder, above: string): void => {
    for (const [name, entry] of Object.entries(files)) {
      const path = above + name
      if ('files' in entry) walk(entry, `${path}/`)
      else
        found.set(path, bytes.toString('utf8', start + Number(entry.offset), start + Number(entry.offset) + entry.size))
    }
  }
  walk(header, '')
  return found
}

describe('the archive', () => {
  test('holds the manifest, two bundles and the page, and nothing else', () => {
    const names = [...archive.keys()]
    expect(names.filter((name) => !name.startsWith('renderer/')).sort()).toEqual([
      'main/index.js',
      'package.json',
      'preload/index.cjs',
    ])
    expect(names).toContain('renderer/index.html')
    const others = names.filter(
      (name) => !/^renderer\/(index\.html|icon\.svg|assets\/[\w.-]+\.(js|css|woff2|svg|png))$/u.test(name),
    )
    expect(others.filter((name) => name.startsWith('renderer/'))).toEqual([])
  })

  test('has a manifest that needs nothing installed and runs nothing', () => {
    const manifest = JSON.parse(archive.get('package.json') ?? '')
    expect(manifest).toMatchObject({ type: 'module', main: 'main/index.js', productName: 'Mandate' })
    for (const member of ['dependencies', 'optionalDependencies', 'scripts', 'workspaces', 'build']) {
      expect(manifest).not.toHaveProperty(member)
    }
  })

  test('imports nothing that is not in it, but for Electron and Node', () => {
    const main = archive.get('main/index.js') ?? ''
    const imported = [...main.matchAll(/^import[^'"]*["']([^'"]+)["'];?$/gmu)].map(([, name]) => name)
    expect(imported).toContain('electron')
    expect(imported.filter((name) => name !== 'electron' && !name?.startsWith('node:'))).toEqual([])
    const required = [...(archive.get('preload/index.cjs') ?? '').matchAll(/\brequire\("([^"]+)"\)/gu)].map(
      ([, name]) => name,
    )
    expect(required).toEqual(['electron'])
  })

  test('holds no trace of the development host in what Electron runs', () => {
    for (const name of ['main/index.js', 'preload/index.cjs']) {
      expect(archive.get(name)).not.toMatch(/x-mandate-page|SameSite|\/downloads\//u)
    }
  })

  test('holds no source, no map, no test, no path of the machine that built it and no secret', () => {
    for (const [name, text] of archive) {
      expect(name).not.toMatch(/\.(ts|tsx|map)$|test|node_modules/u)
      if (!/\.(js|cjs|html|css|json)$/u.test(name)) continue
      expect(text.includes(ROOT), `${name} names a path`).toBe(false)
      expect(text).not.toMatch(
        /sourceMappingURL|from ["']vitest|-----BEGIN [A-Z ]*PRIVATE KEY|client_secret["']?\s*[:=]\s*["'][\w-]{8}/u,
      )
    }
  })

  test('has a page whose scripts and styles are files of its own', () => {
    const page = archive.get('renderer/index.html') ?? ''
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|https?:|\/\//u)
    for (const [, address] of page.matchAll(/(?:src|href)="([^"]+)"/gu)) {
      expect([...archive.keys()]).toContain(`renderer/${address?.replace(/^\.?\//u, '')}`)
    }
  })
})

test('the preload gives the page two functions, and nothing of Electron', () => {
  const exposed: unknown[] = []
  const electron = {
    contextBridge: { exposeInMainWorld: (...args: unknown[]) => exposed.push(args) },
    ipcRenderer: { on: () => undefined, invoke: () => Promise.resolve(undefined) },
  }
  const globals = { require: (name: string) => (name === 'electron' ? electron : undefined), exports: {}, module: {} }
  runInNewContext(archive.get('preload/index.cjs') ?? '', { ...globals, URL, TextEncoder, TextDecoder, crypto })
  expect(exposed).toEqual([['mandate', { call: expect.any(Function), on: expect.any(Function) }]])
})

test('beside the archive lies no other app and no setting', () => {
  // Electron's own, which runs when there is no other, is taken out of a real distribution and left in one that is given.
  const resources = readdirSync(join(folder, 'release/linux-unpacked/resources'))
  expect(resources.filter((name) => name !== 'default_app.asar')).toEqual(['app.asar'])
})

test('the fuses of the packaged executable stand as they are configured', async () => {
  expect(await readFuses(join(folder, 'release/linux-unpacked/mandate'))).toMatchObject({
    RunAsNode: false,
    EnableCookieEncryption: true,
    EnableNodeOptionsEnvironmentVariable: false,
    EnableNodeCliInspectArguments: false,
    EnableEmbeddedAsarIntegrityValidation: true,
    OnlyLoadAppFromAsar: true,
    LoadBrowserProcessSpecificV8Snapshot: false,
    GrantFileProtocolExtraPrivileges: false,
  })
})

describe('the configuration', () => {
  const config = parse(readFileSync(join(ROOM, 'electron-builder.yml'), 'utf8'))

  test('packages for three systems', () => {
    expect([config.linux.target, config.mac.target, config.win.target]).toEqual([
      ['AppImage', 'deb', 'tar.gz'],
      ['dmg', 'zip'],
      ['nsis'],
    ])
  })

  test('has the hardened runtime of macOS allow compiling, and no more', () => {
    expect(config.mac).toMatchObject({ hardenedRuntime: true, entitlements: 'build/entitlements.mac.plist' })
    const entitlements = readFileSync(join(ROOM, config.mac.entitlements), 'utf8')
    expect([...entitlements.matchAll(/<key>([^<]+)</gu)].map(([, key]) => key)).toEqual([
      'com.apple.security.cs.allow-jit',
    ])
  })

  test('names no feed that updates would come from, and the scheme of invitations', () => {
    expect(config).toMatchObject({ publish: null, protocols: [{ schemes: ['mandate'] }] })
  })
})
