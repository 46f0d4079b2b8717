import { expect, test } from 'vitest'
import { EventTooLongError, jsonOf, type ServerSentEvent, serverSentEvents } from './sse.ts'

async function* chunksOf(pieces: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
}

async function eventsIn(pieces: readonly (string | Uint8Array)[], maxEventLength = 1_000) {
  const events: ServerSentEvent[] = []
  for await (const event of serverSentEvents(chunksOf(pieces), { maxEventLength })) events.push(event)
  return events
}

test.for([
  ['one event', ['id: 7\ndata: {"a":1}\n\n'], [{ id: '7', data: '{"a":1}' }]],
  ['data before its id', ['data: x\nid: 7\n\n'], [{ id: '7', data: 'x' }]],
  ['two events in one chunk', ['data: a\n\ndata: b\n\n'], [{ data: 'a' }, { data: 'b' }]],
  ['an event cut at every place', [...'id: 7\ndata: x\n\n'], [{ id: '7', data: 'x' }]],
  ['several lines of data', ['data: a\ndata\ndata: b\n\n'], [{ data: 'a\n\nb' }]],
  ['empty data', ['data\n\n'], [{ data: '' }]],
  ['CRLF', ['id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n'], [{ id: '1', data: 'a' }, { data: 'b' }]],
  ['CRLF cut between CR and LF', [...'data: a\r\n\r\ndata: b\r\n\r\n'], [{ data: 'a' }, { data: 'b' }]],
  ['CR alone', ['data: a\r\rdata: b\r\r:'], [{ data: 'a' }, { data: 'b' }]],
  ['a byte order mark', [new Uint8Array([0xef, 0xbb, 0xbf]), 'data: a\n\n'], [{ data: 'a' }]],
  ['an id without data', [': here\nid: 9\n\n'], [{ id: '9', data: undefined }]],
  ['an id without data before an event', ['id: 9\n\ndata: a\n\n'], [{ id: '9', data: undefined }, { data: 'a' }]],
  ['an id that is taken back', ['id\n\n'], [{ id: '', data: undefined }]],
  ['an id with a NULL, which is ignored', ['id: 1\0\ndata: a\n\n'], [{ id: undefined, data: 'a' }]],
  ['no space before the value, and colons in it', ['data:{"a":"b: c"}\n\n'], [{ data: '{"a":"b: c"}' }]],
  ['comments, retry and unknown fields', [': ping\n\nretry: 10\n\nretry: soon\n\ncolour: red\n\n'], []],
  ['an event that is cut off', ['data: a\n\nid: 8\ndata: b'], [{ data: 'a' }]],
  ['an event whose last line is cut off', ['id: 8\ndata: b\n'], []],
] as const)('%s', async ([, pieces, events]) => {
  expect(await eventsIn(pieces)).toEqual(events.map((event) => ({ id: undefined, ...event })))
})

test('a character of several bytes, cut within', async () => {
  const bytes = new TextEncoder().encode('data: "ü"\n\n')
  expect(await eventsIn([bytes.slice(0, 8), bytes.slice(8)])).toEqual([{ id: undefined, data: '"ü"' }])
})

test('events arrive before the stream ends', async () => {
  const { promise: forever } = Promise.withResolvers<never>()
  async function* openStream(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode('data: a\n\n')
    await forever
  }
  expect(await serverSentEvents(openStream()).next()).toEqual({ value: { id: undefined, data: 'a' }, done: false })
})

test.for([
  ['in one chunk', [`data: ${'x'.repeat(1_001)}\n\n`]],
  ['without an end', ['data: ', 'x'.repeat(600), 'x'.repeat(600)]],
  ['completed by a late chunk', [`data: ${'x'.repeat(900)}`, `${'x'.repeat(900)}\n\n`]],
  ['of many lines', Array.from({ length: 100 }, () => `data: ${'x'.repeat(20)}\n`)],
  ['in its id', ['id: ', 'x'.repeat(600), 'x'.repeat(600)]],
] as const)('an event that is too long is refused: %s', async ([, pieces]) => {
  await expect(eventsIn(pieces)).rejects.toThrow(EventTooLongError)
})

test('an event of the greatest length is read, and so are many', async () => {
  const event = `data: ${'x'.repeat(900)}\n\n`
  expect(await eventsIn(Array.from({ length: 10 }, () => event))).toHaveLength(10)
  expect(await eventsIn([`data: ${'x'.repeat(1_000)}\n\n`])).toHaveLength(1)
})

test('a comment of any length is passed over without being held', async () => {
  expect(await eventsIn([':', ...Array.from({ length: 10 }, () => 'x'.repeat(600)), '\n\ndata: a\n\n'])).toHaveLength(1)
})

test('data that is not JSON reads as undefined', () => {
  expect(jsonOf({ id: undefined, data: '{' })).toBeUndefined()
  expect(jsonOf({ id: undefined, data: undefined })).toBeUndefined()
  expect(jsonOf({ id: undefined, data: '{"a":1}' })).toEqual({ a: 1 })
})
