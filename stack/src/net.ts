/**
 * Loopback ports and bounded readiness polls.
 *
 * @module
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export const LOOPBACK = '127.0.0.1'

/** Ports this process handed out already: a new owner may not have bound its own yet. */
const handedOut = new Set<number>()

/**
 * Below what kernels give to outgoing connections (32768 on Linux, 49152 elsewhere): a port from there can be taken by any connection between
 * its choice and its use.
 */
const PORTS = { first: 20_000, count: 12_000 } as const

/** A TCP port that was free on loopback a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count)
    if (handedOut.has(port) || !(await isFree(port))) continue
    handedOut.add(port)
    return port
  }
}

/** Whether a port can be bound on loopback now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, LOOPBACK)
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
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
