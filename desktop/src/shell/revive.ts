/**
 * A window whose process died is filled again. Who is signed in, and all that they allowed, is the main process's: nothing is lost but what was
 * being typed.
 *
 * @module
 */
import type { WebContents } from 'electron'

/** A page that dies as often within a minute would die again: it is not the page's bad luck then. */
const TIMES = 3
const WITHIN_MS = 60_000

export interface Revival {
  readonly reload: () => void
  /** Instead of a further time. */
  readonly giveUp: () => void
  /** Milliseconds. */
  readonly now: () => number
}

export function revive(contents: Pick<WebContents, 'on'>, { reload, giveUp, now }: Revival): void {
  let deaths: readonly number[] = []
  contents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit') return
    deaths = [...deaths, now()].filter((at) => at > now() - WITHIN_MS)
    if (deaths.length > TIMES) giveUp()
    else reload()
  })
}
