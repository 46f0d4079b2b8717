/**
 * `seal`: no route without a decision about who may use it. Walks the routers of Express 5 or 4 at boot and refuses to go on otherwise.
 *
 * @module
 */
import { type Guard, guardOf, needsIdentity } from './guard.ts'
import { lastResort } from './last-resort.ts'
import { isRoot, type Layer, pathOf, pathText, type Route, type SealedApp, stackOf, stackOfApp } from './router.ts'

interface Walk {
  readonly prefix: string
  readonly authenticated: boolean
  readonly objections: string[]
  readonly stacks: Set<readonly Layer[]>
  /** The routers around this one: one mounted in itself is walked once. */
  readonly around: readonly (readonly Layer[])[]
}

/**
 * Checks every route of the app, nested routers included, and then freezes them: a route added later throws.
 *
 * A route is good when the first handler of each of its methods is `enforce`, `enforceEach`, `dryRun` or `open`, and `authenticate` was
 * mounted before it where it needs to know who asks. Middleware on a path of its own counts as a route (it can answer); a mounted app
 * cannot be looked into and is refused: mount a Router.
 *
 * From then on, whatever is answered below 400 without a guard having let the request through becomes 404: middleware that answers by
 * itself, and a router's own reply to OPTIONS.
 *
 * @throws TypeError naming every route that is not good.
 */
export function sealApp(app: SealedApp): void {
  const stacks = new Set<readonly Layer[]>()
  const objections: string[] = []
  const stack = stackOfApp(app)
  walkRouter(stack, { prefix: '', authenticated: false, objections, stacks, around: [] })
  if (stacks.size < 2) objections.push('the app has no routes, or is no Express app')
  if (objections.length > 0) throw new TypeError(`the app cannot be sealed:\n  ${objections.join('\n  ')}`)
  app.use(lastResort)
  const layers = stack as Layer[]
  layers.unshift(...layers.splice(-1))
  for (const one of stacks) Object.freeze(one)
}

function walkRouter(stack: readonly Layer[], walk: Walk): void {
  if (walk.around.includes(stack)) return
  walk.stacks.add(stack)
  let { authenticated } = walk
  const guardedPaths = new Set<string>()
  for (const layer of stack) {
    const here = { ...walk, authenticated, around: [...walk.around, stack] }
    if (layer.route) {
      walkRoute(layer.route, here)
      continue
    }
    if (guardOf(layer.handle) === 'authenticate' && isRoot(layer)) authenticated = true
    walkMiddleware(layer, here, guardedPaths)
  }
}

function walkMiddleware(layer: Layer, walk: Walk, guardedPaths: Set<string>): void {
  const path = isRoot(layer) ? '/' : pathOf(layer)
  const prefix = isRoot(layer) ? walk.prefix : walk.prefix + path
  const nested = stackOf(layer.handle)
  if (nested) {
    walkRouter(nested, { ...walk, prefix })
    return
  }
  if (layer.name === 'mounted_app') {
    walk.objections.push(`USE ${prefix || '/'}: a mounted app cannot be looked into; mount a Router`)
    return
  }
  if (layer.name === 'serveStatic') {
    walk.objections.push(`USE ${prefix || '/'}: static files have no guard; serve them from a route with open('why')`)
    return
  }
  const guard = guardOf(layer.handle)
  if (guard) guardedPaths.add(path)
  const isErrorHandler = typeof layer.handle === 'function' && layer.handle.length > 3
  if (guard || isRoot(layer) || isErrorHandler || guardedPaths.has(path)) return
  walk.objections.push(`USE ${prefix}: neither enforce() nor open() stands before it`)
}

function walkRoute(route: Route, walk: Walk): void {
  walk.stacks.add(route.stack)
  const methodsOf = new Map<string, string[]>()
  for (const method of Object.keys(route.methods)) {
    const handlers = route.stack.filter((layer) => layer.method === undefined || layer.method === method)
    const objection = routeObjection(handlers, walk.authenticated)
    if (objection) methodsOf.set(objection, [...(methodsOf.get(objection) ?? []), methodName(method)])
  }
  const path = walk.prefix + pathText(route.path)
  for (const [objection, methods] of methodsOf) {
    walk.objections.push(`${methods.length > MANY ? 'ALL' : methods.join('|')} ${path}: ${objection}`)
  }
}

/** `app.all()` is a route of every method that Node knows: more than anybody writes down. */
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

function guardObjection(guard: Guard, identified: boolean, isLast: boolean): string | undefined {
  if (needsIdentity(guard) && !identified) return `${guard}() without authenticate() before it`
  if (isLast && guard !== 'dryRun') return `${guard}() with no handler behind it`
  return undefined
}
