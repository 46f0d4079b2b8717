import { expect, test } from 'vitest'
import { z } from 'zod'
import { recordSchema } from './record.ts'

const schema = recordSchema(z.string(), z.json())

test.for(['{"__proto__":1}', '{"__proto__":{"a":1}}', '{"a":{"__proto__":1}}', '{"a":[{"b":{"__proto__":null}}]}'])(
  'a member __proto__ is refused by its path, not lost: %s',
  (text) => {
    const parsed = schema.safeParse(JSON.parse(text))
    expect(parsed.error?.issues).toMatchObject([{ path: expect.arrayContaining(['__proto__']) }])
  },
)

test('the other names of Object.prototype are names like any other', () => {
  const text = '{"constructor":1,"toString":{"hasOwnProperty":[2]},"valueOf":null,"prototype":true}'
  expect(JSON.stringify(schema.parse(JSON.parse(text)))).toBe(text)
})

test('a schema of it is that of a record', () => {
  expect(z.toJSONSchema(recordSchema(z.string(), z.int()).default({}), { io: 'input' })).toMatchObject({
    type: 'object',
    additionalProperties: { type: 'integer' },
  })
})
