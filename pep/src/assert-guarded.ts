/**
 * `assertGuarded`: checks at boot, in the routers of Express 5 or 4, that every route has a guard.
 *
 * @module
 */
import { freezeRouter, freezeStack } from './frozen.ts'
import { type Guard, guardedPathOf, guardOf, needsIdentity } from './guard.ts'
import { lastResort } from './last-resort.ts'
import type { PepLogger } from './refusal.ts'
import {
  type GuardedApp,
  isRoot,
  type Layer,
  pathOf,
  pathText,
  type Route,
  type Router,
  routerOf,
  routerOfApp,
} from './router.ts'

interface Walk {
  readonly prefix: string
  readonly authenticated: boolean
  readonly objections: string[]
  readonly routers: Set<Router>
  readonly routes: Set<Route>
  /** The routers around this one: one mounted in itself is walked once. */
  readonly around: readonly Router[]
}

const SECOND = 'assertGuarded() was called on this app before: call it once, after the last route'

/**
 * Checks every route of the app, nested routers included, and then freezes them: a route, a middleware or a parameter's function added later
 * throws.
 *
 * A route is guarded when the first handler of each of its methods is `enforce`, `enforceEach`, `filter`, `dryRun` or `open`, and `authenticate`
 * was mounted before it where it needs the caller's identity. Guards are allowed on routes only: in `use()` a guard would permit every handler
 * after it. A handler mounted on a path (`app.use('/x', handler)`) could answer without a decision and is refused, and so is a mounted app, whose
 * routes cannot be inspected: mount a Router instead.
 *
 * Afterwards every answer below 400 that the guard of the current route has not permitted becomes 404: that of middleware that answers by itself,
 * and a router's own reply to OPTIONS.
 *
 * @throws TypeError naming every route that is not guarded, or when it is called twice for one app.
 */
export function assertGuarded(app: GuardedApp, logger: PepLogger): void {
  const root = routerOfApp(app)
  if (root && Object.isFrozen(root.stack)) throw new TypeError(SECOND)
  const walk = { objections: [] as string[], routers: new Set<Router>(), routes: new Set<Route>() }
  if (root) walkRouter(root, { ...walk, prefix: '', authenticated: false, around: [] })
  const { objections, routers, routes } = walk
  if (root === undefined || routes.size + routers.size < 2)
    objections.push('the app has no routes, or is no Express app')
  if (root === undefined || objections.length > 0)
    throw new TypeError(`the app has routes without a valid guard:\n  ${objections.join('\n  ')}`)
  app.use(lastResort(logger))
  const layers = root.stack as Layer[]
  layers.unshift(...layers.splice(-1))
  for (const route of routes) freezeStack(route.stack)
  for (const router of routers) freezeRouter(router)
}

function walkRouter(router: Router, walk: Walk): void {
  if (walk.around.includes(router)) return
  walk.routers.add(router)
  let { authenticated } = walk
  const authenticatedPaths = new Set<string>()
  for (const layer of router.stack) {
    const path = isRoot(layer) ? '/' : pathOf(layer)
    const known = authenticated || authenticatedPaths.has(path)
    const here = { ...walk, authenticated: known, around: [...walk.around, router] }
    if (layer.route) {
      walkRoute(layer.route, here)
      continue
    }
    if (guardOf(layer.handle) === 'authenticate') {
      authenticatedPaths.add(path)
      authenticated ||= isRoot(layer)
      continue
    }
    walkMiddleware(layer, here)
  }
}

function walkMiddleware(layer: Layer, walk: Walk): void {
  const prefix = isRoot(layer) ? walk.prefix : walk.prefix + pathOf(layer)
  const nested = routerOf(layer.handle)
  if (nested) {
    walkRouter(nested, { ...walk, prefix })
    return
  }
  const objection = middlewareObjection(layer)
  if (objection) walk.objections.push(`USE ${prefix || '/'}: ${objection}`)
}

function middlewareObjection(layer: Layer): string | undefined {
  const { handle, name } = layer
  const guard = guardOf(handle)
  if (guard)
    return `${guard}() in use() lets through whatever comes later; put it on a route: app.all(path, ${guard}(…), handler)`
  if (name === 'mounted_app') return 'a mounted app cannot be looked into; mount a Router'
  if (name === 'serveStatic')
    return "static files have no guard; serve them from a route: app.get('/files/{*path}', open('why'), express.static(folder))"
  const isErrorHandler = typeof handle === 'function' && handle.length > 3
  if (isRoot(layer) || isErrorHandler) return undefined
  return 'a handler with no guard; put it on a route: app.all(path, enforce(…), handler), or mount the Router that it calls'
}

function walkRoute(route: Route, walk: Walk): void {
  walk.routes.add(route)
  const methodsOf = new Map<string, string[]>()
  for (const method of Object.keys(route.methods)) {
    const handlers = route.stack.filter((layer) => layer.method === undefined || layer.method === method)
    const objection = routeObjection(handlers, walk.authenticated) ?? pathObjection(handlers, route.path)
    if (objection) methodsOf.set(objection, [...(methodsOf.get(objection) ?? []), methodName(method)])
  }
  const path = walk.prefix + pathText(route.path)
  for (const [objection, methods] of methodsOf) {
    walk.objections.push(`${methods.length > MANY ? 'ALL' : methods.join('|')} ${path}: ${objection}`)
  }
}

/** `app.all()` makes a route of every method that Node knows. */
const MANY = 10

function methodName(method: string): string {
  return method === '_all' ? 'ALL' : method.toUpperCase()
}

function routeObjection(handlers: readonly Layer[], authenticated: boolean): string | undefined {
  let identified = authenticated
  for (const [index, { handle }] of handlers.entries()) {
    const guard = guardOf(handle)
    if (guard === 'authenticate') {
      identified = true
      continue
    }
    if (guard) return guardObjection(guard, identified, index === handlers.length - 1)
    const later = handlers.slice(index + 1).some((layer) => guardOf(layer.handle) !== undefined)
    return later ? 'another handler stands before its guard; put the guard first' : 'neither enforce() nor open()'
  }
  return 'neither enforce() nor open()'
}

/** A guard that was made for a path has its resource from that path's parameters. */
function pathObjection(handlers: readonly Layer[], path: unknown): string | undefined {
  const other = handlers.map(({ handle }) => guardedPathOf(handle)).find((each) => each !== undefined && each !== path)
  return other === undefined ? undefined : `its guard was made for another path, ${other}`
}

function guardObjection(guard: Guard, identified: boolean, isLast: boolean): string | undefined {
  if (needsIdentity(guard) && !identified) return `${guard}() without authenticate() before it`
  if (isLast && guard !== 'dryRun') return `${guard}() with no handler behind it`
  return undefined
}
