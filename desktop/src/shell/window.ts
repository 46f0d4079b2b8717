/**
 * Options of the window, and the restrictions on its session and contents.
 *
 * @module
 */
import type { BrowserWindowConstructorOptions, Session, WebContents } from 'electron'
import { isOwn, ORIGIN } from './protocol.ts'

/** The address of the page's first document. */
export const START = `${ORIGIN}/`

/** Without `persist:`, so in memory only: no page data of one account is left for the next. */
export const PARTITION = 'mandate'

/** What differs between windows: the preload script, whether the app is packaged, and the colour scheme. */
export interface WindowChoices {
  /** The bundled preload. */
  readonly preload: string
  readonly packaged: boolean
  readonly dark: boolean
}

/** Options of the app's window: sandboxed, context-isolated, without Node.js in the page. */
export function windowOptions({ preload, packaged, dark }: WindowChoices): BrowserWindowConstructorOptions {
  return {
    width: 1_120,
    height: 780,
    minWidth: 360,
    minHeight: 480,
    show: false,
    autoHideMenuBar: true,
    // Shown until the page has painted: avoids a white flash in dark mode.
    backgroundColor: dark ? '#141413' : '#ffffff',
    title: 'Mandate',
    webPreferences: {
      preload,
      partition: PARTITION,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      plugins: false,
      // Typed text must not be sent to a dictionary service.
      spellcheck: false,
      devTools: !packaged,
    },
  }
}

/** The part of a session that is used. */
export type LockedSession = Pick<
  Session,
  | 'setPermissionRequestHandler'
  | 'setPermissionCheckHandler'
  | 'setDevicePermissionHandler'
  | 'setDisplayMediaRequestHandler'
  | 'setSpellCheckerEnabled'
  | 'on'
> & { readonly webRequest: Pick<Session['webRequest'], 'onBeforeRequest'> }

/** Denies all permissions, requests other than the page's own files, and downloads. */
export function lockSession(session: LockedSession, packaged: boolean): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler((_request, answer) => answer(null))
  session.setSpellCheckerEnabled(false)
  session.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !mayLoad(url, packaged) }))
  session.on('will-download', (event) => event.preventDefault())
}

/** Whether a URL may load: the page's own, and in development the developer tools. */
export function mayLoad(url: string, packaged: boolean): boolean {
  const asked = URL.parse(url)
  return asked !== null && (isOwn(asked) || (!packaged && asked.protocol === 'devtools:'))
}

/** Prevents navigation, new windows and webviews. To be called for every `web-contents-created`. */
export function lockContents(contents: Pick<WebContents, 'on' | 'setWindowOpenHandler'>): void {
  const refuse = (event: { readonly preventDefault: () => void }): void => event.preventDefault()
  contents.on('will-navigate', refuse)
  contents.on('will-frame-navigate', refuse)
  contents.on('will-redirect', refuse)
  contents.on('will-attach-webview', refuse)
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}
