/**
 * Freezes routers: adding a route throws a TypeError with advice, instead of JavaScript's own message.
 *
 * @module
 */
import { visiting } from './guard.ts'
import type { Layer, Router } from './router.ts'

const LATE =
  'assertGuarded() has frozen the routes: what is added now would not be checked. Add routes, middleware and param() before it'

function refuseLate(): never {
  throw new TypeError(LATE)
}

/** A router's stack, or a route's. */
export function freezeStack(stack: readonly Layer[]): void {
  if (Object.isFrozen(stack)) return
  Object.defineProperty(stack, 'push', { value: refuseLate })
  Object.freeze(stack)
}

/** Freezes the router and its `param()` functions, and makes its routes track what their guards permit. */
export function freezeRouter(router: Router): void {
  // A router mounted in two apps is already frozen.
  if (Object.isFrozen(router.stack)) return
  for (const layer of router.stack) {
    if (layer.route) (layer as { handle: unknown }).handle = visiting(layer.handle as Parameters<typeof visiting>[0])
  }
  freezeStack(router.stack)
  Object.defineProperty(router, 'param', { value: refuseLate })
}
