/**
 * Entry point of the Electron app: connects Electron's modules, without logic of its own. Never starts the crash reporter: a memory dump would contain
 * tokens.
 *
 * @module
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { app, BrowserWindow, dialog, ipcMain, Menu, nativeTheme, protocol, safeStorage, session, shell } from 'electron'
import { readConfig } from '../main/config.ts'
import { createCore } from '../main/core.ts'
import type { Core, DesktopConfig, Host } from '../main/host.ts'
import { reloadAfterCrash } from './crash-reload.ts'
import { connectIpc } from './ipc.ts'
import { createKeystore } from './keystore.ts'
import { runApp } from './lifecycle.ts'
import { mayOpen } from './links.ts'
import { menuTemplate } from './menu.ts'
import { readPage } from './page.ts'
import { pathsOf } from './paths.ts'
import { SCHEME, servePage } from './protocol.ts'
import { startObjections } from './switches.ts'
import { lockSession, PARTITION, START, windowOptions } from './window.ts'

/** `EX_CONFIG` of sysexits.h. */
const EXIT_CONFIG = 78
const BUILT = join(import.meta.dirname, '..')

let window: BrowserWindow | undefined

app.enableSandbox()
protocol.registerSchemesAsPrivileged([SCHEME])
const { configFile, dataDir } = pathsOf({
  packaged: app.isPackaged,
  args: process.argv,
  resources: process.resourcesPath,
  userData: app.getPath('userData'),
  exists: existsSync,
})
// Before the single-instance lock, which is per user data folder.
app.setPath('userData', dataDir)
const { platform, argv: args, env } = process
const objections = app.isPackaged ? startObjections({ platform, args, env }) : []
if (objections.length > 0) refuse(objections)
// Not awaited: Electron becomes ready only after this module was evaluated, so awaiting would deadlock.
else runApp({ app, platform, args, start, show, fail }).catch(fail)

async function start(): Promise<Core> {
  const config = readConfig(JSON.parse(readFileSync(configFile, 'utf8')))
  const own = session.fromPartition(PARTITION)
  for (const one of [own, session.defaultSession]) lockSession(one, app.isPackaged)
  own.protocol.handle(SCHEME.scheme, servePage(readPage(join(BUILT, 'renderer'))))
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform, app.isPackaged)))
  const core = createCore({ config, host: hostOf(config) })
  connectIpc({ ipc: ipcMain, core, contents: () => window?.webContents })
  return core
}

function hostOf({ issuer, securityPolicy }: DesktopConfig): Host {
  return {
    kind: 'electron',
    dataDir,
    keystore: createKeystore(safeStorage, process.platform),
    openExternal: async (url) => {
      if (!mayOpen(url, issuer, securityPolicy ? [securityPolicy] : [])) throw new Error('address not allowed')
      await shell.openExternal(url.href)
    },
    chooseFile: async (suggestedName) => {
      const options = { defaultPath: join(app.getPath('downloads'), basename(suggestedName)) }
      const { canceled, filePath } = await (window
        ? dialog.showSaveDialog(window, options)
        : dialog.showSaveDialog(options))
      return canceled || filePath === '' ? undefined : filePath
    },
  }
}

function show(): void {
  if (!window) {
    const preload = join(BUILT, 'preload/index.cjs')
    const made = new BrowserWindow(
      windowOptions({ preload, packaged: app.isPackaged, dark: nativeTheme.shouldUseDarkColors }),
    )
    made.once('ready-to-show', () => made.show())
    made.once('closed', () => {
      window = undefined
    })
    window = made
    const load = (): void => void made.loadURL(START)
    reloadAfterCrash(made.webContents, { reload: load, giveUp: showCrashError, now: Date.now })
    load()
    return
  }
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

function showCrashError(): void {
  dialog.showErrorBox(
    'Mandate’s window keeps failing',
    'Quit Mandate and start it again. Your grants and revocations are not affected.',
  )
}

function refuse(objections: readonly string[]): void {
  dialog.showErrorBox('Mandate cannot start', objections.join('\n'))
  app.exit(EXIT_CONFIG)
}

function fail(error: unknown): void {
  const why = error instanceof Error ? error.message : 'The reason is unknown.'
  dialog.showErrorBox('Mandate cannot start', `${why}\n\nSettings: ${configFile}`)
  app.exit(EXIT_CONFIG)
}
