import { expect, test } from 'vitest'
import { invitationCodeIn, linkOfInvitation } from './invitation-link.ts'

test('a link holds its code behind the #, and gives it back', () => {
  const link = linkOfInvitation('mi_a-B_9')
  expect(new URL(link).hash).toBe('#mi_a-B_9')
  expect(invitationCodeIn(link)).toBe('mi_a-B_9')
})

test.for([
  ['mi_a-B_9', 'mi_a-B_9'],
  ['  mi_a-B_9\n', 'mi_a-B_9'],
  ['mandate://invitation/#mi_1', 'mi_1'],
  ['mandate://invitation', undefined],
  ['mandate://invitation#', undefined],
  ['mandate://invitation#a b', undefined],
  ['mandate://invitation#a#b', undefined],
  ['mandate://invitations#a', undefined],
  ['https://invitation#a', undefined],
  ['a'.repeat(129), undefined],
  [`mandate://invitation#${'a'.repeat(129)}`, undefined],
  ['', undefined],
] as const)('of %j the code is %j', ([text, code]) => {
  expect(invitationCodeIn(text)).toBe(code)
})
