/**
 * The table of every operation of the PDP, and 405 for the other methods of their paths.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { ADMINISTRATION_OPERATIONS } from './administration.ts'
import { AUTHZEN_OPERATIONS, OPEN_OPERATIONS } from './authzen.ts'
import { DECISION_OPERATIONS } from './decisions.ts'
import { GRANT_OPERATIONS, INVITATION_OPERATIONS } from './grants.ts'
import { LOG_OPERATIONS } from './log.ts'
import { LOOKUP_OPERATIONS } from './lookups.ts'
import { isWithoutToken, type Operation } from './operation.ts'
import { POLICY_OPERATIONS } from './policies.ts'
import { SUBJECT_OPERATIONS } from './subjects.ts'

const TABLE = [
  ...AUTHZEN_OPERATIONS,
  ...GRANT_OPERATIONS,
  ...INVITATION_OPERATIONS,
  ...ADMINISTRATION_OPERATIONS,
  ...POLICY_OPERATIONS,
  ...SUBJECT_OPERATIONS,
  ...LOOKUP_OPERATIONS,
  ...DECISION_OPERATIONS,
  ...LOG_OPERATIONS,
  ...OPEN_OPERATIONS,
] as const

/** Every operation, in the order of the document. */
export const OPERATIONS: readonly Operation[] = TABLE
export type OperationId = (typeof TABLE)[number]['id']

/** Each path template with its regular expression and methods; templates without parameters first. */
const ROUTES = [...Map.groupBy(OPERATIONS, ({ path }) => path)]
  .sort(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')))
  .map(([path, operations]) => ({
    path: path as string,
    // allowed: regexp: paths of the table above.
    expression: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'iu'),
    methods: operations.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])),
    open: operations.every(({ access }) => isWithoutToken(access)),
  }))

const LITERAL = new Map(ROUTES.filter(({ path }) => !path.includes('{')).map((route) => [route.path, route]))

/** Finds the route of a request's path; looks up literal paths first, which most requests have. */
const findRoute = (path: string): (typeof ROUTES)[number] | undefined =>
  LITERAL.get(path) ?? ROUTES.find(({ expression }) => expression.test(path))

/** Returns the path template of a request's path, such as `/v1/grants/{id}`, or `none` for an unknown path. */
export const routeOf = (path: string): string => findRoute(path)?.path ?? 'none'

/**
 * Responds 405 with `Allow` when the path is known and its method is not.
 *
 * @param access - `open`: only for paths that need no token; the other paths respond 405 after authentication.
 */
export function otherMethods(access: 'open' | 'all'): RequestHandler {
  return (req, res, next) => {
    const route = findRoute(req.path)
    if (route && (access === 'all' || route.open) && !route.methods.includes(req.method)) {
      res.set('allow', route.methods.join(', '))
      next(new Fault('method_not_allowed', `${req.method} at ${route.expression.source}`))
      return
    }
    next()
  }
}
