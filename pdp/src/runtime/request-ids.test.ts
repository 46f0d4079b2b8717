import { expect, test } from 'vitest'
import { RequestIds } from './request-ids.ts'

test('an id is known where it was made, until some 8,192 others were made', () => {
  const ids = new RequestIds()
  const first = ids.create()
  const second = ids.create()
  expect([ids.isOwn(first), ids.isOwn(second), ids.isOwn('f5a1c3e0-1d2b-4c3d-8e4f-5a6b7c8d9e0f')]).toEqual([
    true,
    true,
    false,
  ])
  for (let made = 0; made < 8_192; made += 1) ids.create()
  expect(ids.isOwn(first)).toBe(true)
  for (let made = 0; made < 8_192; made += 1) ids.create()
  expect(ids.isOwn(first)).toBe(false)
})
