/**
 * The window's end of the channel in a normal browser: calls by `fetch`, events by an event stream, from the development host alone. What only a host can do
 * (show the system's browser, save a file) it asks the page for, by two events that are no part of the channel.
 *
 * @module
 */
import { z } from 'zod'
import { createBridge } from '../preload/bridge.ts'
import type { Bridge } from '../shared/channel.ts'
import type { CallMessage } from '../shared/messages.ts'

/** What a page can do. */
export interface Page {
  readonly fetch: typeof globalThis.fetch
  /** An event stream that connects again by itself; `listener` gets each message's data. */
  readonly stream: (address: string, listener: (data: string) => void) => void
  /** Shows an address in a tab of its own that cannot reach back. */
  readonly open: (url: string) => void
  readonly download: (address: string) => void
}

const hostMessage = z.discriminatedUnion('host', [
  z.strictObject({ host: z.literal('open'), url: z.url({ protocol: /^https?$/u }) }),
  z.strictObject({ host: z.literal('download'), address: z.string().regex(/^\/downloads\/[\w-]+$/u) }),
])

export function browserBridge(page: Page): Bridge {
  // Several tabs may show the app: what one of them asks for is opened there.
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
