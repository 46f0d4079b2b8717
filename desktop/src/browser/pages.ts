/**
 * The pages that are open, by the event stream that each keeps. What only one of them shall do (open a tab, take a download) is said to the one that asked.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'

export interface Pages {
  /** Keeps the answer open as the stream of a page. */
  readonly connect: (page: string, res: ServerResponse) => void
  readonly toAll: (message: unknown) => void
  /** To the page whose call this is, or the newest. `false`: none is open. */
  readonly toCaller: (message: unknown) => boolean
  /** Does `work` as a call of a page's. */
  readonly calling: <T>(page: string, work: () => T) => T
  readonly close: () => void
}

export function createPages(): Pages {
  const open = new Map<string, ServerResponse>()
  const caller = new AsyncLocalStorage<string>()
  const newest = (): ServerResponse | undefined => [...open.values()].at(-1)
  return {
    connect: (page, res) => {
      open.get(page)?.end()
      open.delete(page)
      open.set(page, res)
      res.on('close', () => open.get(page) === res && open.delete(page))
      res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write(':\n\n')
    },
    toAll: (message) => {
      for (const res of open.values()) say(res, message)
    },
    toCaller: (message) => {
      const res = open.get(caller.getStore() ?? '') ?? newest()
      if (res) say(res, message)
      return res !== undefined
    },
    calling: (page, work) => caller.run(page, work),
    close: () => {
      for (const res of open.values()) res.end()
    },
  }
}

/** JSON has no line break of its own, so a message is one line. */
function say(res: ServerResponse, message: unknown): void {
  res.write(`data: ${JSON.stringify(message)}\n\n`)
}
