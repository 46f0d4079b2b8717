/**
 * The responses that a server has not finished, by connection.
 *
 * @module
 */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Counts from the end of a request's headers until its response is sent, or its connection is gone. */
export class UnfinishedResponses {
  readonly #responses = new Map<Socket, Set<ServerResponse>>()
  #onFinished: () => void = () => undefined

  constructor(server: Server) {
    server.prependListener('request', ({ socket }, res) => {
      const ofSocket = this.#responses.get(socket) ?? new Set()
      this.#responses.set(socket, ofSocket.add(res))
      res.once('close', () => {
        ofSocket.delete(res)
        if (ofSocket.size === 0) this.#responses.delete(socket)
        this.#onFinished()
      })
    })
  }

  /** How many connections have one. */
  get size(): number {
    return this.#responses.size
  }

  /** Whether a connection has one. */
  has(socket: Socket): boolean {
    return this.#responses.has(socket)
  }

  /** All of them. */
  *[Symbol.iterator](): IterableIterator<ServerResponse> {
    for (const ofSocket of this.#responses.values()) yield* ofSocket
  }

  /** Sets what is called whenever a response is finished or given up. */
  onFinished(listener: () => void): void {
    this.#onFinished = listener
  }
}

/**
 * Closes the connection of a client that has not read any of its response for `withinMs`; Node would wait for ever. A response whose handler is
 * still working waits on. Idle connections have their own, shorter time-out and end here too, since Node leaves them to this listener.
 */
export function closeStalledReaders(server: Server, unfinished: UnfinishedResponses, withinMs: number): void {
  server.setTimeout(withinMs, (socket: Socket) => {
    if (!unfinished.has(socket) || socket.writableLength > 0) socket.destroy()
  })
}
