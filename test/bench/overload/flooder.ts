/**
 * The process that floods a server for `npm run bench -- overload`: requests on plain sockets, at a rate that does not depend on the answers. Its priority is
 * lowered, so that on a small machine it takes the server's CPU by its requests alone.
 *
 * @module
 */
import { connect, type Socket } from 'node:net'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** One flood. */
export interface Flood {
  readonly port: number
  /** Source address: limits by address see this one. */
  readonly from: string
  readonly connections: number
  /** Whole HTTP/1.1 requests, sent in turn. Empty: connections are opened and closed, nothing is sent. */
  readonly requests: readonly string[]
  /** 0: each connection sends its next request once the one before is answered. */
  readonly perSecond: number
  readonly ms: number
}

/** What became of it. */
export interface Flooded {
  readonly sent: number
  /** Due, while every connection had as many requests unanswered as it may. */
  readonly unsent: number
  /** Answers by status. */
  readonly answers: Readonly<Record<string, number>>
  /** Connections that the server closed. */
  readonly closed: number
  readonly ms: number
}

/** Requests on one connection that wait for answers, at most. */
const DEPTH = 8
const STATUS = /HTTP\/1\.1 (\d{3})/gu

class Connection {
  waiting = 0
  readonly #flood: Flood
  readonly #counts: Counts
  #socket: Socket | undefined
  #rest = ''

  constructor(flood: Flood, counts: Counts) {
    this.#flood = flood
    this.#counts = counts
  }

  send(request: string): void {
    this.#socket ??= this.#open()
    this.waiting += 1
    this.#counts.sent += 1
    this.#socket.write(request)
  }

  end(): void {
    this.#socket?.destroy()
  }

  #open(): Socket {
    const { port, from } = this.#flood
    const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
    socket.on('data', (chunk) => this.#read(chunk.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#counts.closed += 1
      this.#socket = undefined
      this.waiting = 0
      this.#rest = ''
    })
    return socket
  }

  /** Counts heads of answers; one may be cut in two by the end of a chunk. */
  #read(text: string): void {
    const all = this.#rest + text
    for (const [, status = ''] of all.matchAll(STATUS)) {
      this.#counts.answers[status] = (this.#counts.answers[status] ?? 0) + 1
      this.waiting = Math.max(0, this.waiting - 1)
    }
    const lastLine = all.slice(-11)
    this.#rest = /H(?:T(?:T(?:P(?:\/(?:1(?:\.(?:1(?: \d{0,2})?)?)?)?)?)?)?)?$/u.exec(lastLine)?.[0] ?? ''
  }
}

interface Counts {
  sent: number
  unsent: number
  closed: number
  readonly answers: Record<string, number>
}

async function run(flood: Flood): Promise<Flooded> {
  const counts: Counts = { sent: 0, unsent: 0, closed: 0, answers: {} }
  const start = performance.now()
  if (flood.requests.length === 0) await connectOnly(flood, counts, start)
  else await sendAll(flood, counts, start)
  return { ...counts, ms: performance.now() - start }
}

async function sendAll(flood: Flood, counts: Counts, start: number): Promise<void> {
  const { perSecond, ms, requests } = flood
  const connections = Array.from({ length: flood.connections }, () => new Connection(flood, counts))
  const depth = perSecond === 0 ? 1 : DEPTH
  let [turn, next] = [0, 0]
  const sendOne = (): boolean => {
    for (let tried = 0; tried < connections.length; tried += 1) {
      const connection = connections[turn++ % connections.length]
      if (!connection || connection.waiting >= depth) continue
      connection.send(requests[next++ % requests.length] ?? '')
      return true
    }
    return false
  }
  for (let sent = 0; performance.now() - start < ms; ) {
    const due = perSecond === 0 ? sent + connections.length : ((performance.now() - start) * perSecond) / 1_000
    for (; sent < due; sent += 1) {
      if (sendOne()) continue
      if (perSecond > 0) counts.unsent += Math.ceil(due - sent)
      sent = due
    }
    await sleep(1)
  }
  for (const connection of connections) connection.end()
}

async function connectOnly(
  { port, from, perSecond, ms, connections }: Flood,
  counts: Counts,
  start: number,
): Promise<void> {
  const open = new Set<Socket>()
  const atOnce = perSecond === 0 ? connections : 4_096
  for (let sent = 0; performance.now() - start < ms; ) {
    const due = perSecond === 0 ? sent + atOnce : ((performance.now() - start) * perSecond) / 1_000
    for (; sent < due; sent += 1) {
      if (open.size >= atOnce) {
        if (perSecond > 0) counts.unsent += Math.ceil(due - sent)
        sent = due
        break
      }
      counts.sent += 1
      const socket = connect({ port, host: '127.0.0.1', localAddress: from })
      open.add(socket)
      socket.on('connect', () => {
        counts.answers['open'] = (counts.answers['open'] ?? 0) + 1
        // An empty line before a request line is skipped by servers: the connection stays without a request.
        socket.end('\r\n')
      })
      socket.on('error', () => undefined)
      socket.on('close', () => open.delete(socket))
      socket.resume()
    }
    await sleep(1)
  }
  for (const socket of open) socket.destroy()
}

setPriority(5)
process.on('message', (flood: Flood) => void run(flood).then((flooded) => process.send?.(flooded)))
process.on('disconnect', () => process.exit(0))
