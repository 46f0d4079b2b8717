import { expect, test } from 'vitest'
import { actionNameSchema } from './action-name.ts'

const LONGEST = `a${'b'.repeat(62)}`

test.for([
  ...['read', 'GET', 'ownerID', 'canRead', 'can_read_todos', 'shelf-read', 'r2'],
  ...['document.read', 'todo:create', 'tools/call', 'urn:example:action/read', LONGEST],
])('%s names an action', (name) => {
  expect(actionNameSchema.safeParse(name).success).toBe(true)
})

test.for(['', '2fa', '_read', '-read', '.read', 'read all', 'read\n', 'lösche', 'a,b', 'a#b', 'a*', `${LONGEST}c`])(
  '%j names none, and the message says which form is right',
  (name) => {
    const parsed = actionNameSchema.safeParse(name)
    expect(parsed.error?.issues[0]?.message).toMatch(/^must be 1–63 characters: a letter, then letters, digits/u)
  },
)
