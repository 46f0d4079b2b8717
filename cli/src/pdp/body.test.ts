import { expect, test } from 'vitest'
import { jsonBody, MAX_BODY_BYTES } from './body.ts'

const ORIGIN = 'http://127.0.0.1:1'
const PART = new Uint8Array(1_024 * 1_024).fill(32)

/** A response that sends spaces for as long as they are read. */
function endless(): { readonly response: Response; readonly sent: () => { bytes: number; cancelled: boolean } } {
  const sent = { bytes: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent.bytes += PART.byteLength
      controller.enqueue(PART)
    },
    cancel: () => {
      sent.cancelled = true
    },
  })
  return { response: new Response(body), sent: () => sent }
}

test('a body without an end is read up to the bound', async () => {
  const { response, sent } = endless()
  await expect(jsonBody(response, ORIGIN)).rejects.toMatchObject({ exit: 65, code: 'response' })
  expect(sent().cancelled).toBe(true)
  expect(sent().bytes).toBeLessThan(MAX_BODY_BYTES + 4 * PART.byteLength)
})

test('a body that breaks off is no answer, one that is no JSON is undefined', async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
  await expect(jsonBody(new Response(broken), ORIGIN)).rejects.toMatchObject({ exit: 69, code: 'unreachable' })
  expect(await jsonBody(new Response('<html>'), ORIGIN)).toBe(undefined)
  expect(await jsonBody(new Response('{"a":"é"}'), ORIGIN)).toEqual({ a: 'é' })
})
