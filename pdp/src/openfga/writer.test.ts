/**
 * A model of the fence, explored whole: every order in which the network may deliver, repeat and lose two changes of the same thing, with
 * crashes of the process in between. The store is the contract that OpenFGA's Write has; `write-fence.test.ts` tries the same on the real one.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { violations } from './fence.model.ts'

describe('a widening change that got no answer, then a narrowing one that did', () => {
  test('fenced: whatever the network does later, what was taken away stays away', () => {
    const { states, found } = violations({ fence: 'marker' })
    expect(found).toEqual([])
    expect(states).toBeGreaterThan(200)
  })

  test.for([
    ['no fence at all: a late Write gives back what was taken away', 'none'],
    ['a look whether the Write has landed, instead of a marker', 'look'],
    ['a withdrawal that writes another marker than the change', 'other-marker'],
    ['a marker that is not kept over a crash', 'forgotten'],
  ] as const)('without it the model finds the violation: %s', ([, fence]) => {
    expect(violations({ fence }).found).not.toEqual([])
  })
})
