import { expect, test } from 'vitest'
import { type Turn, Turns } from './turn.ts'

const round = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Work that never waits but for its turns: `turns` of them. */
async function work(turns: Turns, caller: string, count: number, onTurn: (caller: string) => void): Promise<void> {
  const turn: Turn = await turns.begin(caller)
  for (let at = 0; at < count; at += 1) {
    onTurn(caller)
    await turn.next()
  }
}

test('one turn a round of the event loop, however many batches there are', async () => {
  const turns = new Turns()
  let inRound = 0
  const most: number[] = []
  const all = Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      work(turns, `caller ${at % 2}`, 3, () => {
        inRound += 1
      }),
    ),
  )
  let isDone = false
  void all.then(() => {
    isDone = true
  })
  while (!isDone) {
    inRound = 0
    await round()
    most.push(inRound)
  }
  // The first turn is given before a round has begun.
  expect(Math.max(...most.slice(1))).toBe(1)
})

test('callers take turns, however many batches one of them has', async () => {
  const turns = new Turns()
  const had: string[] = []
  const note = (caller: string): void => void had.push(caller)
  const flood = Array.from({ length: 10 }, () => work(turns, 'flood', 4, note))
  await work(turns, 'victim', 4, note)
  expect(had.filter((caller) => caller === 'flood').length).toBeLessThanOrEqual(6)
  await Promise.all(flood)
})

test('a turn is over after its time, and begins anew', async () => {
  let now = 1_000
  const turn = await new Turns(() => now).begin('one')
  expect(turn.isOver).toBe(false)
  now += 5
  expect(turn.isOver).toBe(true)
  await turn.next()
  expect(turn.isOver).toBe(false)
})
