/**
 * The judge of the new-enemy test: what a decision may say, given when changes were sent and answered.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { type Change, History } from '../new-enemy/history.ts'
import { randomOf } from '../new-enemy/random.ts'

/** Granted from 10 to 20, revoked from 30 to 40. */
function grantedAndRevoked(revocation: Change['outcome'] = 'done'): History {
  const history = new History(false)
  answer(history.begin(true, 10), 20, 'done')
  answer(history.begin(false, 30), 40, revocation)
  return history
}

function answer(change: Change, answered: number, outcome: Change['outcome']): void {
  change.answered = answered
  change.outcome = outcome
}

const legal = (history: History, sent: number, answered: number): readonly boolean[] =>
  [...history.legal(sent, answered)].sort()

describe('a decision', () => {
  test.for([
    ['before every change', 1, 5, [false]],
    ['during the grant', 15, 18, [false, true]],
    ['sent before the grant was answered', 15, 25, [false, true]],
    ['sent after the grant was answered', 21, 25, [true]],
    ['answered before the revocation was sent', 21, 29, [true]],
    ['that overlaps the revocation', 21, 35, [false, true]],
    ['sent during the revocation', 35, 50, [false, true]],
    ['sent after the revocation was answered', 41, 50, [false]],
    ['that overlaps both', 15, 50, [false, true]],
  ] as const)('%s', ([, sent, answered, values]) => {
    expect(legal(grantedAndRevoked(), sent, answered)).toEqual(values)
  })

  test('after a change without an outcome may say either, until a later change is answered', () => {
    const history = grantedAndRevoked('unknown')
    expect(legal(history, 100, 110)).toEqual([false, true])
    const settled = history.begin(false, 120)
    expect(legal(history, 130, 140)).toEqual([false, true])
    answer(settled, 150, 'done')
    expect(legal(history, 130, 140)).toEqual([false, true])
    expect(legal(history, 151, 160)).toEqual([false])
  })

  test('is not changed by a change that was refused', () => {
    const history = grantedAndRevoked()
    history.refused(history.begin(true, 50))
    expect(legal(history, 60, 70)).toEqual([false])
  })
})

test('a seed repeats its choices, and another one makes others', () => {
  const draw = (seed: number): readonly number[] => {
    const random = randomOf(seed)
    return Array.from({ length: 20 }, () => random.integer(1_000))
  }
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
})
