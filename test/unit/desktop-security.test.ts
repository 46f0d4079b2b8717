/**
 * Electron's own security checklist (its tutorial "Security"), item by item by its name, held against the shell of the desktop app and its configuration; then
 * what we ask of it besides. What a packaged app really holds is in `test/contract/desktop-packaging.test.ts`.
 *
 * @module
 */
import { EventEmitter } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EVENTS, OPERATIONS } from '@mandate/desktop/channel'
import { connectIpc } from '@mandate/desktop/shell/ipc'
import { mayOpen } from '@mandate/desktop/shell/links'
import { menuTemplate } from '@mandate/desktop/shell/menu'
import { pageHeaders } from '@mandate/desktop/shell/page'
import { SCHEME, servePage } from '@mandate/desktop/shell/protocol'
import { lockContents, lockSession, mayLoad, PARTITION, START, windowOptions } from '@mandate/desktop/shell/window'
import { describe, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'

const ROOM = fileURLToPath(new URL('../../desktop', import.meta.url))

const read = (...path: string[]): string => readFileSync(join(ROOM, ...path), 'utf8')

/** What is written under a folder, without its tests, without comments, and without the list of what is unwelcome. */
function codeOf(folder: string): string {
  return readdirSync(join(ROOM, folder), { recursive: true, encoding: 'utf8' })
    .filter(
      (name) => /\.tsx?$/u.test(name) && !/\.(test|fixture)\.tsx?$|^switches\.ts$|shell\/switches\.ts$/u.test(name),
    )
    .map((name) => read(folder, name).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gmu, ''))
    .join('\n')
}

const found = (code: string, pattern: RegExp): readonly string[] => code.match(pattern) ?? []

const shell = codeOf('src/shell')
const everything = codeOf('src') + codeOf('renderer/src')
const entry = read('src/shell/index.ts')
const builder = parse(read('electron-builder.yml'))
const preferences = [true, false].map(
  (packaged) => windowOptions({ preload: 'preload.cjs', packaged, dark: false }).webPreferences ?? {},
)

/** Whether the event of that name is stopped for whatever contents are made. */
function isStopped(name: string): boolean {
  const contents = Object.assign(new EventEmitter(), { setWindowOpenHandler: () => undefined })
  lockContents(contents as unknown as Parameters<typeof lockContents>[0])
  const preventDefault = vi.fn()
  contents.emit(name, { preventDefault }, 'app://mandate/', {})
  return preventDefault.mock.calls.length === 1
}

function lockedSession() {
  const handlers: Record<string, (...args: unknown[]) => unknown> = {}
  const keep =
    (name: string) =>
    (handler: (...args: unknown[]) => unknown): void => {
      handlers[name] = handler
    }
  const session = {
    setPermissionRequestHandler: keep('request'),
    setPermissionCheckHandler: keep('check'),
    setDevicePermissionHandler: keep('device'),
    setDisplayMediaRequestHandler: keep('display'),
    setSpellCheckerEnabled: vi.fn(),
    on: (name: string, handler: (...args: unknown[]) => unknown) => keep(name)(handler),
    webRequest: { onBeforeRequest: keep('fetch') },
  }
  lockSession(session as unknown as Parameters<typeof lockSession>[0], true)
  return { handlers, session }
}

describe("Electron's checklist", () => {
  test('1. Only load secure content', () => {
    expect(START).toBe('app://mandate/')
    expect(SCHEME.privileges).toMatchObject({ standard: true, secure: true, bypassCSP: false })
    const { handlers } = lockedSession()
    for (const url of [
      'http://127.0.0.1/',
      'https://id.example/',
      'ws://a/',
      'file:///etc/passwd',
      'data:text/html,a',
      'devtools://a',
    ]) {
      const answer = vi.fn()
      handlers['fetch']?.({ url }, answer)
      expect(answer.mock.calls, url).toEqual([[{ cancel: true }]])
    }
    expect([mayLoad(START, true), mayLoad('devtools://devtools/', false)]).toEqual([true, true])
  })

  test('2. Do not enable Node.js integration for remote content', () => {
    for (const one of preferences) {
      expect(one).toMatchObject({
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
      })
    }
  })

  test('3. Enable context isolation', () => {
    for (const one of preferences) expect(one).toMatchObject({ contextIsolation: true })
  })

  test('4. Enable process sandboxing', () => {
    for (const one of preferences) expect(one).toMatchObject({ sandbox: true })
    expect(entry.indexOf('app.enableSandbox()')).toBeGreaterThan(0)
    expect(entry.indexOf('app.enableSandbox()')).toBeLessThan(entry.indexOf('runApp('))
    expect(found(everything + JSON.stringify(builder), /no-sandbox/u)).toEqual([])
  })

  test('5. Handle session permission requests from remote content', () => {
    const { handlers } = lockedSession()
    const answer = vi.fn()
    handlers['request']?.({}, 'media', answer, {})
    handlers['display']?.({}, answer)
    expect(answer.mock.calls).toEqual([[false], [null]])
    expect([handlers['check']?.({}, 'clipboard-read', START, {}), handlers['device']?.({})]).toEqual([false, false])
  })

  test('6. Do not disable webSecurity', () => {
    for (const one of preferences) expect(one).toMatchObject({ webSecurity: true })
    expect(found(everything, /appendSwitch|appendArgument|disable-web-security/u)).toEqual([])
  })

  test('7. Define a Content Security Policy', () => {
    const files = new Map([['/', { type: 'text/html', bytes: new Uint8Array() }]])
    const policy = servePage(files)({ url: START, method: 'GET' }).headers.get('content-security-policy')
    expect(policy).toBe(pageHeaders('nowhere')['content-security-policy'])
    expect(Object.fromEntries((policy ?? '').split('; ').map((one) => one.split(/ (.*)/u, 2)))).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'font-src': "'self'",
      'img-src': "'self'",
      'connect-src': "'none'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
    })
    expect(
      found(codeOf('renderer/src'), /dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML|\beval\(|new Function/u),
    ).toEqual([])
  })

  test('8. Do not enable allowRunningInsecureContent', () => {
    for (const one of preferences) expect(one).toMatchObject({ allowRunningInsecureContent: false })
  })

  test('9. Do not enable experimental features', () => {
    for (const one of preferences) expect(one).toMatchObject({ experimentalFeatures: false })
  })

  test('10. Do not use enableBlinkFeatures', () => {
    for (const one of preferences) expect(one).not.toHaveProperty('enableBlinkFeatures')
    expect(found(everything, /enableBlinkFeatures|enable-blink-features/u)).toEqual([])
  })

  test('11. Do not use allowpopups for WebViews', () => {
    for (const one of preferences) expect(one).toMatchObject({ webviewTag: false })
    expect(found(everything, /<webview|allowpopups|WebContentsView|BrowserView/u)).toEqual([])
  })

  test('12. Verify WebView options before creation', () => {
    expect(isStopped('will-attach-webview')).toBe(true)
  })

  test('13. Disable or limit navigation', () => {
    for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect'])
      expect(isStopped(name), name).toBe(true)
  })

  test('14. Disable or limit creation of new windows', () => {
    const setWindowOpenHandler = vi.fn()
    const contents = Object.assign(new EventEmitter(), { setWindowOpenHandler })
    lockContents(contents as unknown as Parameters<typeof lockContents>[0])
    expect(setWindowOpenHandler.mock.calls[0]?.[0]({ url: START })).toEqual({ action: 'deny' })
    expect(shell.match(/new BrowserWindow\(/gu)).toHaveLength(1)
  })

  test('15. Do not use shell.openExternal with untrusted content', () => {
    expect(mayOpen(new URL('https://evil.example/'), 'https://id.example/realms/mandate', [])).toBe(false)
    // In one place, behind the allow-list.
    expect(shell.match(/\.openExternal\(/gu)).toHaveLength(1)
    expect(entry).toMatch(/if \(!mayOpen\([^\n]+throw [^\n]+\n\s+await shell\.openExternal\(url\.href\)/u)
    expect(found(everything, /openPath|showItemInFolder|child_process/u)).toEqual([])
  })

  test('16. Use a current version of Electron', () => {
    const { devDependencies } = JSON.parse(read('package.json'))
    expect(devDependencies.electron).toMatch(/^\d+\.\d+\.\d+$/u)
    const { packages } = JSON.parse(read('../package-lock.json'))
    const versions = Object.entries<{ version: string }>(packages).flatMap(([path, { version }]) =>
      path.endsWith('node_modules/electron') ? [version] : [],
    )
    expect(versions).toEqual([devDependencies.electron])
  })

  test('17. Validate the sender of all IPC messages', async () => {
    const heard = new Map<string, (event: never, message: unknown) => Promise<unknown>>()
    const call = vi.fn(async () => ({ ok: true }))
    type Deps = Parameters<typeof connectIpc>[0]
    const contents = { mainFrame: { origin: 'app://mandate' } } as unknown as NonNullable<ReturnType<Deps['contents']>>
    const ipc = { handle: (channel: string, one: never) => void heard.set(channel, one) } as unknown as Deps['ipc']
    connectIpc({ ipc, core: { call, listen: () => () => undefined }, contents: () => contents })
    const stranger = { sender: contents, senderFrame: { origin: 'app://mandate' } }
    for (const one of heard.values()) await one(stranger as never, { name: 'session.read' })
    expect([heard.size, call.mock.calls.length]).toEqual([1, 0])
    // No way in besides it.
    expect(found(shell, /ipcMain\.(on|once|handleOnce)\b|\bipc\.on\b|MessageChannelMain|\.postMessage\(/u)).toEqual([])
    expect(shell.match(/\.handle\(CALL_CHANNEL/gu)).toHaveLength(1)
  })

  test('18. Avoid usage of the file:// protocol and prefer usage of custom protocols', () => {
    expect(found(shell, /loadFile|['"`]file:|pathToFileURL/u)).toEqual([])
    expect(shell.match(/\.loadURL\(/gu)).toHaveLength(1)
    expect(entry).toContain('.loadURL(START)')
  })

  test('19. Check which fuses you can change', () => {
    expect(builder.electronFuses).toEqual({
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: false,
    })
    expect(builder.asar).toBe(true)
  })

  test('20. Do not expose Electron APIs to untrusted web content', () => {
    const preload = codeOf('src/preload')
    expect(preload.match(/exposeInMainWorld\([^\n]+/gu)).toEqual([
      "exposeInMainWorld('mandate', { call: bridge.call, on: bridge.on })",
    ])
    expect(found(codeOf('renderer/src') + codeOf('src/shared'), /from 'electron'|require\(|from 'node:/u)).toEqual([])
  })
})

describe('besides it', () => {
  test('no answer and no event has a member for a token, a secret or a password', () => {
    const schemas = [...Object.values(OPERATIONS).map(({ output }) => output), ...Object.values(EVENTS)]
    const names = schemas.flatMap((schema) => {
      const text = JSON.stringify(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'output' }))
      return [...text.matchAll(/"([\w-]+)":/gu)].map(([, name = '']) => name)
    })
    expect(names).toContain('subject')
    expect(names.filter((name) => /token|secret|password|verifier|refresh|dpop|jwk/iu.test(name))).toEqual([])
  })

  test('no crash is dumped or sent, and nothing is logged', () => {
    expect(found(everything, /crashReporter|netLog|contentTracing|enable-logging|\bconsole\./u)).toEqual([])
  })

  test('nothing updates itself: a new version comes as the first one did', () => {
    expect(found(everything, /autoUpdater|electron-updater/u)).toEqual([])
    expect(builder.publish).toBeNull()
  })

  test('what the page remembers is gone with the app', () => {
    expect(PARTITION).not.toMatch(/^persist:/u)
    for (const one of preferences) expect(one).toMatchObject({ partition: PARTITION })
  })

  test('no download, no dictionary, and no tools of a developer in a package', () => {
    const { handlers, session } = lockedSession()
    const preventDefault = vi.fn()
    handlers['will-download']?.({ preventDefault })
    expect(preventDefault).toHaveBeenCalledOnce()
    expect(session.setSpellCheckerEnabled.mock.calls).toEqual([[false]])
    expect(preferences.map(({ devTools, spellcheck }) => [devTools, spellcheck])).toEqual([
      [false, false],
      [true, false],
    ])
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      expect(JSON.stringify(menuTemplate(platform, true))).not.toMatch(/toggleDevTools|"reload"|forceReload/u)
    }
  })

  test('the app is not awaited to be ready where it would wait for itself', () => {
    expect(entry).not.toMatch(/^await /mu)
  })

  test('a package does not start with a switch that is not known to do no harm', () => {
    expect(entry).toMatch(/app\.isPackaged \? startObjections\(/u)
    expect(entry).toMatch(/if \(objections\.length > 0\) refuse\([^)]*\)\s+(\/\/[^\n]*\s+)?else runApp\(/u)
    expect(entry).toMatch(/function refuse\([^\n]+\n[^\n]+\n {2}app\.exit\(EXIT_CONFIG\)/u)
  })

  test('on Windows only an administrator changes what is installed', () => {
    expect(builder.nsis).toMatchObject({ perMachine: true })
  })

  test('one instance, whose lock is asked for before anything is opened', () => {
    const lifecycle = read('src/shell/lifecycle.ts')
    expect(lifecycle.indexOf('requestSingleInstanceLock()')).toBeLessThan(lifecycle.indexOf('await app.whenReady()'))
  })

  test('the page loads nothing from elsewhere', () => {
    const page = read('renderer/index.html')
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\/|<style|<script(?![^>]*\bsrc=)/u)
  })
})
