/**
 * The window's side of the channel in a normal browser: calls by `fetch`, events by server-sent events from the development host. Two more messages
 * ask the page to open an address or download a file, which the host cannot do.
 *
 * @module
 */
import { z } from 'zod'
import { createBridge } from '../preload/bridge.ts'
import type { Bridge } from '../shared/channel.ts'
import type { CallMessage } from '../shared/messages.ts'

/** Functions of the page that are used. */
export interface Page {
  readonly fetch: typeof globalThis.fetch
  /** Opens an event stream that reconnects; `listener` gets the data of each message. */
  readonly stream: (address: string, listener: (data: string) => void) => void
  /** Opens an address in a new tab without an opener. */
  readonly open: (url: string) => void
  readonly download: (address: string) => void
}

const hostMessage = z.discriminatedUnion('host', [
  z.strictObject({ host: z.literal('open'), url: z.url({ protocol: /^https?$/u }) }),
  z.strictObject({ host: z.literal('download'), address: z.string().regex(/^\/downloads\/[\w-]+$/u) }),
])

export function browserBridge(page: Page): Bridge {
  // Identifies this tab among several.
  const id = crypto.randomUUID()
  return createBridge({ send: (message) => post(page, id, message), listen: (listener) => listen(page, id, listener) })
}

async function post(page: Page, id: string, message: CallMessage): Promise<unknown> {
  const response = await page.fetch('/call', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mandate-page': id },
    body: JSON.stringify(message),
    redirect: 'error',
  })
  return await response.json()
}

function listen(page: Page, id: string, listener: (message: unknown) => void): void {
  page.stream(`/events?page=${id}`, (data) => {
    const message: unknown = JSON.parse(data)
    const asked = hostMessage.safeParse(message)
    if (!asked.success) return listener(message)
    if (asked.data.host === 'open') return page.open(asked.data.url)
    return page.download(asked.data.address)
  })
}
