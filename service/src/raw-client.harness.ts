/**
 * HTTP over a bare TCP connection, for tests: requests that no HTTP client would send, and when the far side closes.
 *
 * @module
 */
import { connect, type Socket } from 'node:net'

export class RawClient {
  /** Resolves to all that was received once the connection is closed, by whichever side and however. */
  readonly closed: Promise<string>
  readonly #socket: Socket
  #received = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    // A reset is a close as well.
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      this.#received += String(chunk)
    })
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(this.#received)))
  }

  /** Connects. @throws the system's error when nothing listens. */
  static open(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
        socket.off('error', reject)
        resolve(client)
      })
      socket.once('error', reject)
      socket.once('end', () => socket.end())
      const client = new RawClient(socket)
    })
  }

  write(text: string): void {
    this.#socket.write(text)
  }

  /** Ends this side's half of the connection. */
  end(): void {
    this.#socket.end()
  }

  /** Reads nothing from here on. */
  pause(): void {
    this.#socket.pause()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Waits until what was received since the connection was opened matches. @throws when the connection is closed before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received)) {
      await new Promise<void>((resolve, reject) => {
        const closed = (): void => reject(new Error(`closed after ${JSON.stringify(this.#received)}`))
        if (this.#socket.closed) return closed()
        this.#socket.once('close', closed)
        this.#socket.once('data', () => {
          this.#socket.off('close', closed)
          resolve()
        })
      })
    }
    return this.#received
  }

  /** Sends a whole request and waits for the head of its response, which leaves the connection open. */
  async ask(): Promise<string> {
    this.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    return await this.until(/^HTTP\/1\.1 \d{3}[\s\S]*\r\n\r\n/u)
  }
}
