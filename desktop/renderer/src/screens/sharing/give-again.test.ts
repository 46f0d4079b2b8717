import { grantRequestSchema } from '@mandate/protocol'
import { expect, test } from 'vitest'
import { toAgent, toYannick } from '../../../dev/world.ts'
import { sameAgain } from './give-again.ts'

const now = Date.now()

test('a revoked grant is given again on the same terms, as a request that the PDP takes', () => {
  const again = sameAgain(toYannick, toYannick.delegator, now)
  const { delegate, scope, actions, expires_at, redelegations } = toYannick
  expect(again).toMatchObject({ delegate, scope, actions, expires_at, redelegations })
  expect(again).not.toHaveProperty('replaces')
  expect(grantRequestSchema.safeParse(again).success).toBe(true)
  expect(sameAgain(toAgent, toAgent.delegator, now)).toMatchObject({ parent: toYannick.id })
})

test('only its giver is offered that, and only while it would still be live', () => {
  expect(sameAgain(toYannick, toYannick.delegate, now)).toBeUndefined()
  expect(sameAgain(toYannick, toYannick.delegator, Date.parse(toYannick.expires_at) - 59_000)).toBeUndefined()
})
