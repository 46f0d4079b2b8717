/**
 * Options of guards, checked when the route is defined, not when a request arrives.
 *
 * @module
 */
import { actionNameSchema, resourceSchema } from '@mandate/protocol'
import { z } from 'zod'
import { checkOptions } from './options.ts'

const requestFunction = z.custom((value) => typeof value === 'function', 'must be a function of the request')
/** The type may be any AuthZEN type. The action must have the form that manifests declare: any other name would always be denied. */
const { type } = resourceSchema.shape
const shared = { action: actionNameSchema, persona: requestFunction.optional(), inPersonOnly: z.boolean().optional() }
const SCHEMAS = {
  enforce: z.strictObject({ ...shared, resource: requestFunction, onDenial: requestFunction.optional() }),
  enforceEach: z.strictObject({ ...shared, resources: requestFunction }),
  dryRun: z.strictObject({ ...shared, resources: requestFunction }),
  filter: z.strictObject({ ...shared, type, page: requestFunction.optional() }),
  open: z.string().trim().min(8, 'must say why nothing needs to be decided'),
} as const

/** @throws TypeError naming every bad field. */
export function checkGuard(guard: keyof typeof SCHEMAS, options: unknown): void {
  checkOptions(guard, SCHEMAS[guard], options)
}

const actionsSchema = z.array(actionNameSchema).min(1, 'must name an action')

/** @throws TypeError naming every bad action: a mistake in the service's code. */
export function checkActions(question: string, actions: readonly string[]): void {
  checkOptions(question, actionsSchema, actions)
}
