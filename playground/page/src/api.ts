/**
 * Requests of the page to its own server.
 *
 * @module
 */
import {
  type AskAnswer,
  askAnswerSchema,
  type CaseAnswer,
  type CheckAnswer,
  caseAnswerSchema,
  checkAnswerSchema,
  type DiskPack,
  packSchema,
  type Question,
  refusalSchema,
  type Texts,
} from '@mandate/playground/api'
import type { z } from 'zod'

/** A request without a result. The message is for the user. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
}

const BASE = '/playground/api/'

export const api = {
  pack: (): Promise<DiskPack> => send('pack', undefined, packSchema),
  check: (texts: Texts, signal: AbortSignal): Promise<CheckAnswer> =>
    send('check', { texts }, checkAnswerSchema, signal),
  playCase: (texts: Texts, index: number, signal: AbortSignal): Promise<CaseAnswer> =>
    send('case', { texts, index }, caseAnswerSchema, signal),
  ask: (texts: Texts, index: number | undefined, question: Question): Promise<AskAnswer> =>
    send('ask', { texts, ...(index === undefined ? {} : { case: index }), question }, askAnswerSchema),
}

async function send<T>(name: string, body: object | undefined, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T> {
  const response = await fetch(BASE + name, {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause
    throw new ApiError('npm run serve does not answer: it has ended, or is busy.', { cause })
  })
  const answer: unknown = await response.json()
  if (response.ok) return schema.parse(answer)
  throw new ApiError(refusalSchema.parse(answer).message)
}

/** The message of any error. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : 'Something went wrong on this page.'
