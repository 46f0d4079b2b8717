/**
 * Failures of the steps of a case, and what is read from the responses to them.
 *
 * @module
 */
import type { PlayedAnswer } from './played-pdp.ts'

/** A step was refused. The message begins with the file and line of the step; the steps after it were not played. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
}

/** Adds the place of a step to the message of its failure. */
export async function within(place: string, task: () => Promise<void>): Promise<void> {
  try {
    await task()
  } catch (error) {
    if (error instanceof StepFailed) throw new StepFailed(`${place}: ${error.message}`)
    throw error
  }
}

function memberOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : undefined
}

/** A text member of a response's body; empty when it has none. */
export const textIn = (body: unknown, name: string): string => String(memberOf(body, name) ?? '')

/** Status and reason of a refused request. */
export function refusalIn({ status, body, text }: PlayedAnswer): string {
  const code = memberOf(body, 'code')
  return code === undefined
    ? `${status} ${text}`
    : `${status} ${code}: ${memberOf(body, 'detail') ?? memberOf(body, 'title')}`
}
