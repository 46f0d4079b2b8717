/**
 * Gets the bridge to the main process: from Electron's preload script, or else from the development host.
 *
 * @module
 */
import '../../src/preload/jitless.ts'
import { browserBridge } from '../../src/browser/bridge.ts'
import type { Bridge } from '../../src/shared/channel.ts'

declare global {
  interface Window {
    /** Set by the preload script. */
    readonly mandate?: Bridge
  }
}

/** To be called once per page: each call opens an event stream. */
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
