/**
 * From the start of the process to its end: one instance, links from outside, and an orderly end. Takes Electron's `app` as a port.
 *
 * @module
 */
import type { App } from 'electron'
import type { Core } from '../main/host.ts'
import { isLink, linkIn } from './links.ts'
import { lockContents } from './window.ts'

export interface LifecycleDeps {
  readonly app: Pick<App, 'on' | 'quit' | 'requestSingleInstanceLock' | 'whenReady' | 'setAsDefaultProtocolClient'> & {
    readonly isPackaged: boolean
  }
  readonly platform: NodeJS.Platform
  readonly args: readonly string[]
  /** Once, when Electron is ready. */
  readonly start: () => Promise<Core>
  /** Shows the window, and makes one where there is none. */
  readonly show: () => void
  /** The app cannot start. */
  readonly fail: (error: unknown) => void
}

/** @returns `false`: an instance runs already and has been told; this process ends. */
export async function live({ app, platform, args, start, show, fail }: LifecycleDeps): Promise<boolean> {
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
  // Only from a package: a clone does not take the scheme from the app that is installed.
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
  endOrderly(app, core)
  showWhenSignedIn(core, show)
  show()
  links.to(core)
  const given = linkIn(args)
  if (given !== undefined) links.open(given)
  return true
}

/** A link may come before the core is there, as macOS does it: the last one waits. */
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

/** Quitting waits until the core has closed, once. A core that cannot close holds nobody back. */
function endOrderly(app: LifecycleDeps['app'], core: Core): void {
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

/** The person is in the browser then, and would have to look for the window. */
function showWhenSignedIn(core: Core, show: () => void): void {
  let isSigningIn = false
  core.listen((name, event) => {
    if (name !== 'session' || !('state' in event)) return
    if (isSigningIn && event.state === 'signed_in') show()
    isSigningIn = event.state === 'signing_in'
  })
}
