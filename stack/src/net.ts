/**
 * Free loopback ports, and waiting for a server to become ready.
 *
 * @module
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export const LOOPBACK = '127.0.0.1'

/** Ports that this process has returned already: their servers may not have bound them yet. */
const handedOut = new Set<number>()

/**
 * Below the ephemeral port range (from 32768 on Linux, 49152 elsewhere): an ephemeral port could be taken by an outgoing connection before the server
 * binds it.
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

/** Readiness check of a server: a URL that responds with 2xx, or a function that resolves to true. */
export type ReadyProbe = string | ((signal: AbortSignal) => Promise<boolean>)

/**
 * Repeats the check until it succeeds.
 *
 * @param timeoutMs - Total time; a single request may take 2 s.
 * @param signal - Ends the wait, for example because the process exited.
 * @throws `TimeoutError` after `timeoutMs`, or the signal's reason.
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
