/**
 * The one window, and everything that it and whatever it loads may not do. Decides nothing else.
 *
 * @module
 */
import type { BrowserWindowConstructorOptions, Session, WebContents } from 'electron'
import { isOwn, ORIGIN } from './protocol.ts'

export const START = `${ORIGIN}/`

/** Not `persist:`: what the page remembers is gone with the app, so that nothing of one account is left for the next. */
export const PARTITION = 'mandate'

export interface WindowChoices {
  /** The bundled preload. */
  readonly preload: string
  readonly packaged: boolean
  readonly dark: boolean
}

export function windowOptions({ preload, packaged, dark }: WindowChoices): BrowserWindowConstructorOptions {
  return {
    width: 1_120,
    height: 780,
    minWidth: 360,
    minHeight: 480,
    show: false,
    autoHideMenuBar: true,
    // Until the page has painted; a flash of white in a dark room is no calm start.
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
      // Words that are typed go to no dictionary and no vendor.
      spellcheck: false,
      devTools: !packaged,
    },
  }
}

/** What is used of a session. */
export type LockedSession = Pick<
  Session,
  | 'setPermissionRequestHandler'
  | 'setPermissionCheckHandler'
  | 'setDevicePermissionHandler'
  | 'setDisplayMediaRequestHandler'
  | 'setSpellCheckerEnabled'
  | 'on'
> & { readonly webRequest: Pick<Session['webRequest'], 'onBeforeRequest'> }

/** Nothing is permitted, nothing is fetched but the page, and nothing is saved. */
export function lockSession(session: LockedSession, packaged: boolean): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler((_request, answer) => answer(null))
  session.setSpellCheckerEnabled(false)
  session.webRequest.onBeforeRequest(({ url }, answer) => answer({ cancel: !mayLoad(url, packaged) }))
  session.on('will-download', (event) => event.preventDefault())
}

/** Outside of a packaged app its developer's tools may load themselves. */
export function mayLoad(url: string, packaged: boolean): boolean {
  const asked = URL.parse(url)
  return asked !== null && (isOwn(asked) || (!packaged && asked.protocol === 'devtools:'))
}

/** Whatever is shown stays where it is, opens nothing, and holds no page of somebody else. For every `web-contents-created`. */
export function lockContents(contents: Pick<WebContents, 'on' | 'setWindowOpenHandler'>): void {
  const refuse = (event: { readonly preventDefault: () => void }): void => event.preventDefault()
  contents.on('will-navigate', refuse)
  contents.on('will-frame-navigate', refuse)
  contents.on('will-redirect', refuse)
  contents.on('will-attach-webview', refuse)
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}
