/**
 * Lifecycle of the app: single instance, links from outside, orderly shutdown. Takes Electron's `app` as a port.
 *
 * @module
 */
import type { App } from 'electron'
import type { Core } from '../main/host.ts'
import { isLink, linkIn } from './links.ts'
import { lockContents } from './window.ts'

/** The parts of Electron's `app` that the life cycle uses, and what it starts and ends. */
export interface LifecycleDeps {
  readonly app: Pick<App, 'on' | 'quit' | 'requestSingleInstanceLock' | 'whenReady' | 'setAsDefaultProtocolClient'> & {
    readonly isPackaged: boolean
  }
  readonly platform: NodeJS.Platform
  readonly args: readonly string[]
  /** Called once, when Electron is ready. */
  readonly start: () => Promise<Core>
  /** Shows the window; creates it when there is none. */
  readonly show: () => void
  /** Called when the app cannot start. */
  readonly fail: (error: unknown) => void
}

/** Runs the app. @returns `false` when another instance is running, which gets the arguments; this process quits. */
export async function runApp({ app, platform, args, start, show, fail }: LifecycleDeps): Promise<boolean> {
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return false
  }
  const links = createLinks()
  app.on('web-contents-created', (_event, contents) => lockContents(contents))
  app.on('open-url', (event, url) => {
    event.preventDefault()
    if (isLink(url)) links.open(url)
  })
  // Packaged only: a development run must not take the scheme from the installed app.
  if (app.isPackaged) app.setAsDefaultProtocolClient('mandate')
  await app.whenReady()
  let core: Core
  try {
    core = await start()
  } catch (error) {
    fail(error)
    return false
  }
  app.on('second-instance', (_event, others) => {
    const link = linkIn(others)
    if (link !== undefined) links.open(link)
    show()
  })
  app.on('activate', show)
  app.on('window-all-closed', () => platform === 'darwin' || app.quit())
  closeBeforeQuit(app, core)
  showWhenSignedIn(core, show)
  show()
  links.to(core)
  const given = linkIn(args)
  if (given !== undefined) links.open(given)
  return true
}

/** Queues the last link until the core is ready: macOS may deliver one earlier. */
function createLinks(): { readonly open: (link: string) => void; readonly to: (core: Core) => void } {
  let waiting: string | undefined
  let open = (link: string): void => {
    waiting = link
  }
  return {
    open: (link) => open(link),
    to: (core) => {
      open = (link) => core.openLink(link)
      if (waiting !== undefined) core.openLink(waiting)
    },
  }
}

/** Delays quitting until the core has closed, or failed to. */
function closeBeforeQuit(app: LifecycleDeps['app'], core: Core): void {
  let state: 'running' | 'closing' | 'closed' = 'running'
  app.on('before-quit', (event) => {
    if (state === 'closed') return
    event.preventDefault()
    if (state === 'closing') return
    state = 'closing'
    void core
      .close()
      .catch(() => undefined)
      .then(() => {
        state = 'closed'
        app.quit()
      })
  })
}

/** Shows the window after a sign-in, which ends in the browser. */
function showWhenSignedIn(core: Core, show: () => void): void {
  let isSigningIn = false
  core.listen((name, event) => {
    if (name !== 'session' || !('state' in event)) return
    if (isSigningIn && event.state === 'signed_in') show()
    isSigningIn = event.state === 'signing_in'
  })
}
