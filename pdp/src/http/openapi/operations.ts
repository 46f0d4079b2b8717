/**
 * Every operation of the PDP, and what else its addresses take.
 *
 * @module
 */
import { Fault } from '@mandate/protocol'
import type { RequestHandler } from 'express'
import { ADMINISTERING } from './administering.ts'
import { ASKING, OPEN } from './asking.ts'
import { GRANTING, INVITING } from './granting.ts'
import { KEEPING } from './keeping.ts'
import type { Operation } from './operation.ts'
import { READING } from './reading.ts'
import { RULING } from './ruling.ts'
import { TILING } from './tiles.ts'

export const OPERATIONS: readonly Operation[] = [
  ...ASKING,
  ...GRANTING,
  ...INVITING,
  ...ADMINISTERING,
  ...RULING,
  ...KEEPING,
  ...READING,
  ...TILING,
  ...OPEN,
]

/** Each path, as an expression that paths of requests match, with the methods it takes; literal ones first. */
const ADDRESSES = [...Map.groupBy(OPERATIONS, ({ path }) => path)]
  .sort(([a], [b]) => Number(a.includes('{')) - Number(b.includes('{')))
  .map(([path, operations]) => ({
    path: path as string,
    expression: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'iu'),
    methods: operations.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])),
    open: operations.every(({ door }) => door === 'open'),
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
 * @param doors - `open`: only for addresses that need no token; the others stay behind theirs.
 */
export function otherMethods(doors: 'open' | 'all'): RequestHandler {
  return (req, res, next) => {
    const address = addressOf(req.path)
    if (address && (doors === 'all' || address.open) && !address.methods.includes(req.method)) {
      res.set('allow', address.methods.join(', '))
      next(new Fault('method_not_allowed', `${req.method} at ${address.expression.source}`))
      return
    }
    next()
  }
}
