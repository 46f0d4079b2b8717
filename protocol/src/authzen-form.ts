/**
 * A check of AuthZEN requests that costs a fraction of the schema's: every decision, and every item of a batch, is such a request.
 *
 * @module
 */
import type { z } from 'zod'
import { type EvaluationRequest, evaluationRequestSchema } from './authzen.ts'
import { idObjection } from './id.ts'

/** Parses a request as {@link evaluationRequestSchema} does, with the same result. */
export function parseEvaluationRequest(value: unknown): z.ZodSafeParseResult<EvaluationRequest> {
  return hasEvaluationForm(value) ? { success: true, data: value } : evaluationRequestSchema.safeParse(value)
}

/**
 * Whether a value certainly is a request that {@link evaluationRequestSchema} leaves as it is. `false` says nothing: the schema decides about every
 * unusual value, and names what is wrong.
 */
export function hasEvaluationForm(value: unknown): value is EvaluationRequest {
  if (!isLoose(value)) return false
  const { subject, action, resource, context } = value
  return (
    isEntity(subject) &&
    isOptional(subject['properties'], isSubjectProperties) &&
    isLoose(action) &&
    isText(action['name']) &&
    action['name'] !== '' &&
    isOptional(action['properties'], isLoose) &&
    isEntity(resource) &&
    isOptional(resource['properties'], isLoose) &&
    isOptional(context, isLoose)
  )
}

type Loose = Readonly<Record<string, unknown>>

/** Whether a value is an object that the schema copies member by member; it leaves out a member named `__proto__`. */
function isLoose(value: unknown): value is Loose {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !Object.hasOwn(value, '__proto__')
  )
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isId = (value: unknown): boolean => typeof value === 'string' && idObjection(value) === undefined
const isEntity = (value: unknown): value is Loose => isLoose(value) && isId(value['type']) && isId(value['id'])
const isActor = (value: unknown): boolean => isLoose(value) && isId(value['sub'])

function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value)
}

const isSubjectProperties = (value: unknown): boolean =>
  isLoose(value) &&
  isOptional(value['persona'], isText) &&
  isOptional(value['act'], isActor) &&
  isOptional(value['sid'], isText) &&
  isOptional(value['iat'], Number.isFinite)
