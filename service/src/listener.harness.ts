/**
 * What every HTTP service of ours promises of its listener, as one test suite: slow clients, oversize, half-close, abort, pipelining, too many
 * connections, and a stop while requests are under way.
 *
 * @module
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Listener, ListenerBounds } from './listener.ts'
import { RawClient } from './raw-client.harness.ts'

/** A request that the service does not answer before `finish` is called. */
export interface HeldRequest {
  /** Method, path and headers without `Host` and `Expect`, each line with its end; and what is sent of the body. */
  readonly head: string
  readonly sent: string
  /** Sends the rest of the body, or lets the service go on. */
  readonly finish: (client: RawClient) => void
}

/** A service that runs with the bounds that it was started with. */
export interface ServiceUnderTest extends Listener {
  /** Makes a request that the service reads or works on; a new one each time. */
  readonly hold: () => Promise<HeldRequest>
  /** Largest body in bytes that is accepted at the address of `hold`. @default the service reads no body */
  readonly maxBodyBytes?: number
}

export interface ServiceRow {
  readonly name: string
  readonly start: (bounds: ListenerBounds) => Promise<ServiceUnderTest>
}

/** Longer than any test: what ends, ends for another reason. */
const NEVER_MS = 600_000
const PATIENT: ListenerBounds = {
  headersWithinMs: NEVER_MS,
  requestWithinMs: NEVER_MS,
  keepAliveMs: NEVER_MS,
  stopWithinMs: NEVER_MS,
}
const HASTY: ListenerBounds = { ...PATIENT, headersWithinMs: 200, requestWithinMs: 400, keepAliveMs: 100 }

const STATUS = /^HTTP\/1\.1 (?<status>\d{3})/u
const statusOf = (answer: string): number => Number(STATUS.exec(answer)?.groups?.['status'])
/** An answer that is not the interim one to `Expect`. */
const FINAL = /HTTP\/1\.1 [2-5]\d\d /u

async function started({ start }: ServiceRow, bounds: ListenerBounds): Promise<ServiceUnderTest> {
  const service = await start(bounds)
  onTestFinished(service.close)
  return service
}

async function open({ url }: Listener): Promise<RawClient> {
  const client = await RawClient.open(url)
  onTestFinished(() => client.destroy())
  return client
}

/** Sends a request up to where it is held. The interim answer to `Expect` says that the service has read its headers. */
async function begin(service: ServiceUnderTest): Promise<{ client: RawClient; held: HeldRequest }> {
  const held = await service.hold()
  const client = await open(service)
  client.write(`${held.head}Host: x\r\nExpect: 100-continue\r\n\r\n`)
  await client.until(/^HTTP\/1\.1 100 /u)
  client.write(held.sent)
  return { client, held }
}

/** Runs the suite for one service. */
export function testListener(row: ServiceRow): void {
  describe(row.name, () => {
    testSlowClients(row)
    testOddClients(row)
    testConnections(row)
    testStop(row)
  })
}

function testSlowClients(row: ServiceRow): void {
  test('closes the connection of a client that sends nothing, part of the headers, or part of the body', async () => {
    const service = await started(row, HASTY)
    const answerTo = async (text: string) => {
      const client = await open(service)
      client.write(text)
      return statusOf(await client.closed)
    }
    const post = 'POST / HTTP/1.1\r\nHost: x\r\n'
    const late = ['', 'POST /', `${post}X-Slow: 1`].map(answerTo)
    expect(await Promise.all(late)).toEqual([408, 408, 408])
    expect(await answerTo(`${post}Content-Length: 10\r\n\r\nabc`)).toBeGreaterThanOrEqual(400)
  })

  test('closes a connection that stays idle after a response, and one whose next request stays half-sent', async () => {
    const service = await started(row, { ...HASTY, headersWithinMs: 1_000, requestWithinMs: 2_000 })
    const [idle, half] = [await open(service), await open(service)]
    await Promise.all([idle.ask(), half.ask()])
    half.write('GET / HTTP/1.1\r\nHost')
    expect((await idle.closed).match(/HTTP\/1\.1 /gu)).toHaveLength(1)
    await half.closed
  })
}

function testOddClients(row: ServiceRow): void {
  test('refuses headers above the limit with 431', async () => {
    const client = await open(await started(row, { ...PATIENT, maxHeaderBytes: 2_048 }))
    client.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(4_096)}\r\n\r\n`)
    expect(statusOf(await client.closed)).toBe(431)
  })

  test('refuses a body above the limit, whether its length is announced or not, and goes on', async () => {
    const service = await started(row, PATIENT)
    const { maxBodyBytes } = service
    if (maxBodyBytes === undefined) return
    const head = (await service.hold()).head.replace(/Content-Length: .*\r\n/iu, '')
    const large = 'x'.repeat(maxBodyBytes + 1)
    for (const [how, body] of [
      [`Content-Length: ${large.length}`, large],
      ['Transfer-Encoding: chunked', `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`],
    ] as const) {
      const client = await open(service)
      client.write(`${head}Host: x\r\n${how}\r\n\r\n${body}`)
      expect(statusOf(await client.until(FINAL))).toBe(413)
    }
    expect(statusOf(await (await open(service)).ask())).toBeGreaterThanOrEqual(200)
  })

  test('answers pipelined requests, each and in order', async () => {
    const client = await open(await started(row, PATIENT))
    const request = 'GET /nowhere HTTP/1.1\r\nHost: x\r\n'
    client.write(`${request}\r\n${request}Connection: close\r\n\r\n`)
    const answers = (await client.closed).match(/HTTP\/1\.1 \d{3}|connection: close/giu)
    expect(answers).toEqual([answers?.[0], answers?.[0], expect.stringMatching(/^connection: close$/iu)])
  })

  test('forgets a request whose client is gone: nothing waits for it when the service stops', async () => {
    const service = await started(row, PATIENT)
    const [aborted, halfClosed] = [await begin(service), await begin(service)]
    aborted.client.destroy()
    halfClosed.client.end()
    await halfClosed.client.closed
    expect(statusOf(await (await open(service)).ask())).toBeGreaterThanOrEqual(200)
    for (const { client, held } of [aborted, halfClosed]) held.finish(client)
    await service.close()
  })
}

function testConnections(row: ServiceRow): void {
  test('closes connections above the limit unanswered, and accepts one again when another has gone', async () => {
    const service = await started(row, { ...PATIENT, maxConnections: 2 })
    const [first, second] = [await open(service), await open(service)]
    await Promise.all([first.ask(), second.ask()])
    const third = await open(service)
    third.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await third.closed).toBe('')
    first.destroy()
    const ask = async () => statusOf(await (await open(service)).ask().catch(() => ''))
    await expect.poll(ask).toBeGreaterThanOrEqual(200)
  })
}

function testStop(row: ServiceRow): void {
  test('stops: accepts no connection, closes idle ones, and finishes the request that is under way', async () => {
    const service = await started(row, PATIENT)
    const [silent, idle] = [await open(service), await open(service)]
    await idle.ask()
    const { client, held } = await begin(service)
    const stopped = service.close()
    await idle.closed
    await expect(RawClient.open(service.url)).rejects.toThrow('ECONNREFUSED')
    held.finish(client)
    const answer = await client.closed
    expect(answer).toMatch(FINAL)
    expect(answer).toMatch(/\r\nconnection: close\r\n/iu)
    await stopped
    await silent.closed
  })

  test('stops though a request never ends: it is cut off', async () => {
    const service = await started(row, { ...PATIENT, stopWithinMs: 100 })
    const { client, held } = await begin(service)
    const stopped = service.close()
    expect(await client.closed).not.toMatch(FINAL)
    held.finish(client)
    await stopped
  })
}
