/**
 * The way to the main process: Electron's preload where there is one, the development host's otherwise.
 *
 * @module
 */
import '../../src/preload/jitless.ts'
import { browserBridge } from '../../src/browser/bridge.ts'
import type { Bridge } from '../../src/shared/channel.ts'

declare global {
  interface Window {
    /** Put there by the preload. */
    readonly mandate?: Bridge
  }
}

/** Once a page: each call opens an event stream of its own. */
export function connect(): Bridge {
  return window.mandate ?? browserBridge({ fetch: (...args) => window.fetch(...args), stream, open, download })
}

function stream(address: string, listener: (data: string) => void): void {
  new EventSource(address).addEventListener('message', ({ data }) => listener(String(data)))
}

function open(url: string): void {
  window.open(url, '_blank', 'noopener,noreferrer')
}

function download(address: string): void {
  const link = document.createElement('a')
  link.href = address
  link.download = ''
  link.click()
}
