/**
 * Checks every response that a test gets from a PDP against the OpenAPI document. An undocumented status, problem code or member fails the test.
 *
 * @module
 */
import { OPERATIONS, problemsOf } from '@mandate/pdp'
import { problemSchema } from '@mandate/protocol'
import { z } from 'zod'

const BY_PATH = OPERATIONS.map((operation) => ({
  operation,
  expression: new RegExp(`^${operation.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
})).sort((a, b) => Number(a.operation.path.includes('{')) - Number(b.operation.path.includes('{')))

/** Checks a response. Ignores undocumented paths. @throws Error for an undocumented response. */
export function requireDocumented(method: string, path: string, status: number, body: unknown): void {
  const [bare = ''] = path.split('?')
  const found = BY_PATH.find(({ operation, expression }) => {
    return operation.method === method.toLowerCase() && expression.test(bare)
  })
  if (!found) return
  const { operation } = found
  const objection = operation.answers[status]
    ? misfit(operation.answers[status].schema, body)
    : problemObjection(problemsOf(operation).get(status), body)
  if (objection) throw new Error(`${method} ${path} answered ${status}, which is not documented so: ${objection}`)
}

function problemObjection(codes: readonly string[] | undefined, body: unknown): string | undefined {
  const problem = problemSchema.safeParse(body)
  if (!problem.success) return z.prettifyError(problem.error)
  return codes?.includes(problem.data.code) ? undefined : `code ${problem.data.code}`
}

/** Makes objects strict: additional members fail, as the document describes all of them. */
function misfit(schema: z.ZodType | undefined, body: unknown): string | undefined {
  if (!schema) return undefined
  const read = schema.safeParse(body)
  if (!read.success) return z.prettifyError(read.error)
  return JSON.stringify(sorted(read.data)) === JSON.stringify(sorted(body)) ? undefined : 'it has further members'
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  )
}
