/**
 * Open pages, by their event streams. Messages for one page only (open a tab, download a file) go to the page whose call caused them.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'

export interface Pages {
  /** Uses a response as the event stream of a page. */
  readonly connect: (page: string, res: ServerResponse) => void
  readonly toAll: (message: unknown) => void
  /** Sends to the page of the running call, or the newest page. `false`: no page is open. */
  readonly toCaller: (message: unknown) => boolean
  /** Runs `work` as a call of a page. */
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
      for (const res of open.values()) send(res, message)
    },
    toCaller: (message) => {
      const res = open.get(caller.getStore() ?? '') ?? newest()
      if (res) send(res, message)
      return res !== undefined
    },
    calling: (page, work) => caller.run(page, work),
    close: () => {
      for (const res of open.values()) res.end()
    },
  }
}

/** JSON has no raw line breaks, so a message is one line. */
function send(res: ServerResponse, message: unknown): void {
  res.write(`data: ${JSON.stringify(message)}\n\n`)
}
