import { expect, test } from 'vitest'
import { dataOf, eventsOf, type ServerEvent } from './sse.ts'

async function eventsIn(pieces: readonly string[]): Promise<readonly ServerEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(Buffer.from(piece, 'latin1'))
      controller.close()
    },
  })
  const events: ServerEvent[] = []
  for await (const event of eventsOf(new Response(body))) events.push(event)
  return events
}

const BYTES = Buffer.from('data: "ü"\n\n').toString('latin1')

test.for([
  ['one event', ['id: 7\ndata: {"a":1}\n\n'], [{ id: '7', data: '{"a":1}' }]],
  ['an event in pieces', ['id: 7\nda', 'ta: x', '\n', '\n'], [{ id: '7', data: 'x' }]],
  ['a character in pieces', [BYTES.slice(0, 8), BYTES.slice(8)], [{ id: undefined, data: '"ü"' }]],
  ['two events at once', ['data: a\n\ndata: b\n\n'], [{ data: 'a' }, { data: 'b' }]],
  ['several lines of data', ['data: a\ndata: b\n\n'], [{ data: 'a\nb' }]],
  ['other line ends', ['data: a\r\n', '\r\n'], [{ data: 'a' }]],
  ['other line ends in pieces', ['data: a\r', '\n\r\n'], [{ data: 'a' }]],
  ['a mark that says nothing', [': here\nid: 9\n\n'], [{ id: '9', data: undefined }]],
  ['no space before the value, and colons in it', ['data:{"a":"b: c"}\n\n'], [{ data: '{"a":"b: c"}' }]],
  ['what is cut off', ['data: a\n\ndata: b'], [{ data: 'a' }]],
] as const)('%s', async ([, pieces, events]) => {
  expect(await eventsIn(pieces)).toMatchObject(events)
})

test('an event without end is not waited for', async () => {
  await expect(eventsIn(['data: ', 'x'.repeat(600_000), 'x'.repeat(600_000)])).rejects.toThrow('too long')
})

test('data that is no JSON is nothing', () => {
  expect(dataOf({ id: undefined, data: '{' })).toBeUndefined()
})
