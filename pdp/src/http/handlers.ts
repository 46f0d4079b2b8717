/**
 * Mounts a handler for each operation of the OpenAPI document; its table is the only list of routes.
 *
 * @module
 */
import type { Express, RequestHandler } from 'express'
import type { Access, Operation } from './openapi/operation.ts'
import { OPERATIONS, type OperationId } from './openapi/operations.ts'

/** Handler of an operation, or several handlers in order. */
export type OperationHandler = RequestHandler | readonly RequestHandler[]

/** A handler for each of these operations, by `operationId`. A missing handler is a type error. */
export type OperationHandlers<Id extends OperationId = OperationId> = Readonly<Record<Id, OperationHandler>>

/** The ids of a list of operations. */
export type IdsOf<List extends readonly { readonly id: OperationId }[]> = List[number]['id']

/** Sorts literal paths before paths with parameters, which would match them too. */
const ORDERED = OPERATIONS.toSorted((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')))

/**
 * Mounts every operation of these access classes.
 *
 * @param before - Middleware to run before the handler of an operation.
 */
export function mountOperations(
  app: Express,
  handlers: OperationHandlers,
  accesses: readonly Access[],
  before: (operation: Operation) => readonly RequestHandler[] = () => [],
): void {
  for (const operation of ORDERED.filter(({ access }) => accesses.includes(access)))
    app[operation.method](expressPath(operation), ...before(operation), ...[handlerOf(handlers, operation)].flat())
}

const handlerOf = (handlers: OperationHandlers, { id }: Operation): OperationHandler => handlers[id as OperationId]

/** Converts an OpenAPI path template to Express: `/v1/grants/{id}` to `/v1/grants/:id`. */
const expressPath = ({ path }: Operation): string => path.replaceAll(/\{(\w+)\}/gu, ':$1')
