/**
 * TCP proxy between a PDP and a server, which can be cut off: connections are destroyed, or carry nothing for a while.
 *
 * @module
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Target {
  readonly host: string
  readonly port: number
}

export interface Line {
  readonly port: number
  /** Destroys all connections, and each new one at once. */
  cut(): void
  /** Carries nothing, in either direction. What was sent is delivered after {@link pass}. */
  stall(): void
  /** Delivers everything `ms` milliseconds late, in order. */
  slow(ms: number): void
  pass(): void
  /** Connects further clients to another server. */
  leadTo(target: Target): void
  stop(): Promise<void>
}

/** @param edit - Changes what clients send, chunk by chunk. */
export async function startLine(first: Target, edit?: (bytes: Buffer) => Buffer): Promise<Line> {
  let target = first
  let state: 'pass' | 'cut' | 'stall' = 'pass'
  let lateMs = 0
  const sockets = new Set<Socket>()
  const hold = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (state === 'stall') socket.pause()
  }
  const carry = (from: Socket, to: Socket, change?: (bytes: Buffer) => Buffer): void => {
    const inOrder = startDelivery()
    from.on('data', (bytes) => {
      inOrder(lateMs, () => to.write(change ? change(bytes) : bytes))
      if (state === 'stall') from.pause()
    })
    from.on('end', () => inOrder(lateMs, () => to.end()))
    from.on('close', () => inOrder(lateMs, () => to.destroy()))
  }
  const server = createServer({ noDelay: true }, (near) => {
    if (state === 'cut') return void near.destroy()
    const far = connect({ ...target, noDelay: true })
    hold(near)
    hold(far)
    carry(near, far, edit)
    carry(far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = 'cut'
      destroyAll()
    },
    stall: () => {
      state = 'stall'
      for (const socket of sockets) socket.pause()
    },
    slow: (ms) => {
      lateMs = ms
    },
    pass: () => {
      state = 'pass'
      lateMs = 0
      for (const socket of sockets) socket.resume()
    },
    leadTo: (next) => {
      target = next
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      destroyAll()
      await closed
    },
  }
}

/** Delivers each thing after its delay, never before an earlier thing. */
function startDelivery(): (lateMs: number, deliver: () => void) => void {
  const waiting: { readonly due: number; readonly deliver: () => void }[] = []
  const pump = (): void => {
    for (let next = waiting[0]; next; next = waiting[0]) {
      const leftMs = next.due - performance.now()
      if (leftMs > 0) return void setTimeout(pump, Math.ceil(leftMs))
      waiting.shift()
      next.deliver()
    }
  }
  return (lateMs, deliver) => {
    if (lateMs === 0 && waiting.length === 0) return deliver()
    waiting.push({ due: performance.now() + lateMs, deliver })
    if (waiting.length === 1) pump()
  }
}
