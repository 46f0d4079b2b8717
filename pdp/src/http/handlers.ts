/**
 * Mounts the operations of the OpenAPI document: the document's table is the only list of routes.
 *
 * @module
 */
import type { Express, RequestHandler } from 'express'
import type { Access, Operation } from './openapi/operation.ts'
import { OPERATIONS, type OperationId } from './openapi/operations.ts'

/** What answers an operation: one handler, or several that run one after another. */
export type OperationHandler = RequestHandler | readonly RequestHandler[]

/** A handler for each of these operations, by `operationId`. One that is missing does not compile. */
export type OperationHandlers<Id extends OperationId = OperationId> = Readonly<Record<Id, OperationHandler>>

/** The ids of a list of operations. */
export type IdsOf<List extends readonly { readonly id: OperationId }[]> = List[number]['id']

/** Literal paths before those with parameters, which would match them too. */
const ORDERED = OPERATIONS.toSorted((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')))

/**
 * Mounts every operation with one of these accesses.
 *
 * @param before - What runs before the handler of an operation.
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

/** `/v1/grants/{id}` as Express writes it: `/v1/grants/:id`. */
const expressPath = ({ path }: Operation): string => path.replaceAll(/\{(\w+)\}/gu, ':$1')
