/**
 * Reads the answers of one BatchCheck, item by item, and separates items that OpenFGA could not evaluate from denied ones. Pure.
 *
 * @module
 */
import { z } from 'zod'
import { type Answer, Unanswered } from '../ports/answer.ts'
import type { Question } from '../ports/question.ts'

const itemSchema = z.looseObject({
  allowed: z.boolean().optional(),
  error: z
    .looseObject({
      input_error: z.string().optional(),
      internal_error: z.string().optional(),
      message: z.string().default(''),
    })
    .optional(),
})
type Item = z.infer<typeof itemSchema>

export const batchAnswer = z.object({ result: z.record(z.string(), itemSchema) })

/** The answer to one question. OpenFGA omits `allowed` when it is false; a missing item is `Unanswered`. */
export function answerTo(question: Question, item: Item | undefined): Answer {
  if (!item) return new Unanswered('absent', `OpenFGA left out a question: ${question.kind}`)
  if (!item.error) return item.allowed === true
  const { input_error: code, message } = item.error
  const parameters = parametersIn(message)
  const about = `OpenFGA could not evaluate a question: ${question.kind}`
  if (code === undefined) return new Unanswered('failed', `${about}: its own error`)
  if (parameters.length > 0)
    return new Unanswered(
      'parameter',
      `${about}: a condition needs other values for ${parameters.join(', ')}`,
      parameters,
    )
  if (code === 'authorization_model_resolution_too_complex')
    return new Unanswered('depth', `${about}: deeper than OPENFGA_RESOLVE_NODE_LIMIT of OpenFGA allows`)
  if (message.includes('cost limit'))
    return new Unanswered('cost', `${about}: above OPENFGA_MAX_CONDITION_EVALUATION_COST of OpenFGA`)
  return new Unanswered('refused', `${about}: ${code}`)
}

/** Names of the parameters that OpenFGA reports; it has them in its message only. */
function parametersIn(message: string): readonly string[] {
  const missing = /missing context parameters '\[([^\]]*)\]'/u.exec(message)?.[1]
  const wrong = /context parameter '([^']*)'/u.exec(message)?.[1]
  return (missing ?? wrong ?? '').split(' ').filter((name) => /^\w{1,64}$/u.test(name))
}
