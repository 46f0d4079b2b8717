import type { ServerSentEvent } from '@mandate/service/sse'
import { expect, test } from 'vitest'
import { eventsOf } from './sse.ts'

async function allOf(response: Response) {
  const events: ServerSentEvent[] = []
  for await (const event of eventsOf(response)) events.push(event)
  return events
}

async function eventsIn(pieces: readonly string[]) {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(Buffer.from(piece))
      controller.close()
    },
  })
  return await allOf(new Response(body))
}

test('reads the events of an answer, whatever its line ends', async () => {
  const pieces = ['id: 7\r\ndata: a\r', '\n\r\n', ': here\nid: 9\n\ndata: b']
  expect(await eventsIn(pieces)).toEqual([
    { id: '7', data: 'a' },
    { id: '9', data: undefined },
  ])
})

test('an event without end is not waited for', async () => {
  await expect(eventsIn(['data: ', 'x'.repeat(600_000), 'x'.repeat(600_000)])).rejects.toThrow('longer than')
})

test('an answer without a body has no events', async () => {
  expect(await allOf(new Response())).toEqual([])
})
