/**
 * Every operation of the PDP, and what else its addresses take.
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
  ...DECISION_OPERATIONS,
  ...LOG_OPERATIONS,
  ...OPEN_OPERATIONS,
] as const

/** Every operation, in the order of the document. */
export const OPERATIONS: readonly Operation[] = TABLE
export type OperationId = (typeof TABLE)[number]['id']

/** Each path, as an expression that paths of requests match, with the methods it takes; literal ones first. */
const ADDRESSES = [...Map.groupBy(OPERATIONS, ({ path }) => path)]
  .sort(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')))
  .map(([path, operations]) => ({
    path: path as string,
    expression: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'iu'),
    methods: operations.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])),
    open: operations.every(({ access }) => isWithoutToken(access)),
  }))

const LITERAL = new Map(ADDRESSES.filter(({ path }) => !path.includes('{')).map((address) => [address.path, address]))

/** Most requests are for an address as it is written. */
const addressOf = (path: string): (typeof ADDRESSES)[number] | undefined =>
  LITERAL.get(path) ?? ADDRESSES.find(({ expression }) => expression.test(path))

/** The operation's path of a request's, without what stands in its place: `/v1/grants/{id}`. `none` where there is no such address. */
export const routeOf = (path: string): string => addressOf(path)?.path ?? 'none'

/**
 * Answers 405 with `Allow` where an address is known and its method is not.
 *
 * @param access - `open`: only for addresses that need no token; the others stay behind theirs.
 */
export function otherMethods(access: 'open' | 'all'): RequestHandler {
  return (req, res, next) => {
    const address = addressOf(req.path)
    if (address && (access === 'all' || address.open) && !address.methods.includes(req.method)) {
      res.set('allow', address.methods.join(', '))
      next(new Fault('method_not_allowed', `${req.method} at ${address.expression.source}`))
      return
    }
    next()
  }
}
