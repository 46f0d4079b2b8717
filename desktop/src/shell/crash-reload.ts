/**
 * Reloads the window after its process crashed. The session is in the main process, so only unsaved input is lost.
 *
 * @module
 */
import type { WebContents } from 'electron'

/** Gives up after more than this many crashes within a minute. */
const TIMES = 3
const WITHIN_MS = 60_000

/** What to do when the page's process died: reload it, or give up when it died too often. */
export interface CrashReload {
  readonly reload: () => void
  /** Called instead of a further reload. */
  readonly giveUp: () => void
  /** Milliseconds. */
  readonly now: () => number
}

/** Reloads the page when its renderer process ends unexpectedly, and gives up after several times within a short while. */
export function reloadAfterCrash(contents: Pick<WebContents, 'on'>, { reload, giveUp, now }: CrashReload): void {
  let deaths: readonly number[] = []
  contents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit') return
    deaths = [...deaths, now()].filter((at) => at > now() - WITHIN_MS)
    if (deaths.length > TIMES) giveUp()
    else reload()
  })
}
