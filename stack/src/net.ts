/**
 * Loopback ports and bounded readiness polls.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export const LOOPBACK = '127.0.0.1'

/** Ports this process handed out already: the kernel may offer one again before its new owner has bound it. */
const handedOut = new Set<number>()

/**
 * A TCP port that was free on loopback a moment ago. Another process can still take it first: callers treat "address
 * already in use" as a reason to ask again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, LOOPBACK)
    await once(server, 'listening')
    const address = server.address()
    server.close()
    await once(server, 'close')
    if (address === null || typeof address === 'string') throw new TypeError('a TCP listener has a port')
    if (handedOut.has(address.port)) continue
    handedOut.add(address.port)
    return address.port
  }
}

/** Whether a server is up: an address that answers 2xx, or a question that resolves to true. */
export type ReadyProbe = string | ((signal: AbortSignal) => Promise<boolean>)

/**
 * Asks until the answer is yes.
 *
 * @param signal - Ends the wait at once, for example because the child exited.
 * @param timeoutMs - How long in all; a single request may take 2 s of it.
 * @throws `TimeoutError` when the time is over, the signal's reason when it was aborted.
 */
export async function untilReady(probe: ReadyProbe, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const end = signal ? AbortSignal.any([timeout, signal]) : timeout
  for (let backoffMs = 20; ; backoffMs = Math.min(backoffMs * 1.5, 250)) {
    if (await (typeof probe === 'string' ? answersOk(probe, end) : probe(end))) return
    end.throwIfAborted()
    await delay(backoffMs, undefined, { signal: end }).catch(() => end.throwIfAborted())
  }
}

async function answersOk(url: string, end: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([end, AbortSignal.timeout(2_000)]) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
