import { OPERATIONS } from '@mandate/pdp'
import { expect, test } from 'vitest'
import { apiDocument } from '../support/api-document.ts'
import { API_EXAMPLES } from '../support/api-examples.ts'

test('docs/api.md says what the PDP serves', async () => {
  await expect(apiDocument()).toMatchFileSnapshot('../../docs/api.md')
})

const examples = Object.entries(API_EXAMPLES)

test.for(examples)('the example of %s is what the PDP takes and answers', ([id, { request, query, response }]) => {
  const operation = OPERATIONS.find((one) => one.id === id)
  if (!operation) throw new Error(`there is no operation ${id}`)
  if (request !== undefined) expect(operation.body?.schema.safeParse(request).error).toBeUndefined()
  if (query !== undefined)
    expect(operation.query?.safeParse(Object.fromEntries(new URLSearchParams(query))).error).toBeUndefined()
  const schemas = Object.values(operation.answers).flatMap(({ schema }) => schema ?? [])
  if (response !== undefined) expect(schemas[0]?.safeParse(response).error).toBeUndefined()
})

test('an operation that takes a body has an example', () => {
  const withBody = OPERATIONS.filter(({ body, id }) => body?.required && id !== 'endSession').map(({ id }) => id)
  expect(withBody.filter((id) => !Object.hasOwn(API_EXAMPLES, id))).toEqual([])
})
