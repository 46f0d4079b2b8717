/**
 * Seals a Hono application: looks at every route when it is built, and lets an answer below 400 out only where the guard of the present route let the
 * request through. Reads `app.routes` and replaces `app.router` and `app.fetch`, which Hono documents as its extension points for routers and adapters.
 *
 * @module
 */
import { problemOf } from '@mandate/protocol'
import { PROBLEM_HEADERS } from '@mandate/service'
import type { Context, Handler, Hono, Next } from 'hono'
import { type Guard, guardedPathOf, guardOf } from './guard.ts'
import type { PepLogger } from './refusal.ts'

type RouterRoute = Hono['routes'][number]
type Matched = readonly (readonly [readonly [Handler, RouterRoute], unknown])[]

/** Where a handler stands in its route: from the guard to the last handler behind it. */
interface Place {
  readonly guard?: Guard | undefined
  readonly isLast: boolean
}

/** One request. */
interface Visit {
  passed: boolean
}

const LATE =
  'assertGuarded() has frozen the routes: what is added now would not be checked. Add routes and middleware before it'
const WHAT_TO_DO =
  'an answer without a guard became 404: what answers needs a route of its own with a guard, such as ' +
  "app.get(path, pep.open('why'), handler)"
/** How Hono names a route of every method, and a middleware. */
const ALL = 'ALL'

const sealed = new WeakSet<object>()

/** @throws TypeError naming every route without a guard, or when it is called twice for one app. */
export function assertGuardedHono(app: Hono, logger: PepLogger): void {
  if (sealed.has(app))
    throw new TypeError('assertGuarded() was called on this app before: call it once, after the last route')
  const { places, objections } = placesOf(app.routes)
  if (app.routes.length === 0) objections.push('the app has no routes')
  if (objections.length > 0)
    throw new TypeError(`the app has routes without a valid guard:\n  ${objections.join('\n  ')}`)
  sealed.add(app)
  let present: Visit | undefined
  const { router } = app
  Object.assign(app, {
    router: {
      name: router.name,
      add: () => {
        throw new TypeError(LATE)
      },
      match: (method: string, path: string) => {
        // Not bound before: SmartRouter replaces its own method.
        const [matched, ...rest] = router.match(method, path) as unknown as readonly [Matched, ...unknown[]]
        const visit = present ?? { passed: false }
        const wrapped = matched.map(([[handler, route], params]) => [
          [visiting(handler, places.get(route), visit), route],
          params,
        ])
        return [wrapped, ...rest]
      },
    },
  })
  const { fetch } = app
  const tell = tellOnce(logger)
  // Hono matches the route before `fetch` returns, so that requests do not mix.
  app.fetch = (...request) => {
    const visit: Visit = { passed: false }
    present = visit
    try {
      const response = fetch(...request)
      return response instanceof Promise
        ? response.then((answer) => checked(answer, visit, tell))
        : checked(response, visit, tell)
    } finally {
      present = undefined
    }
  }
}

/** Wraps a handler: a guard that goes on lets the request through, and the last handler of its route that goes on ends that. */
function visiting(handler: Handler, place: Place | undefined, visit: Visit): Handler {
  if (place === undefined) return handler
  return async (c: Context, next: Next) => {
    const result: unknown = await handler(c, async () => {
      if (place.guard !== undefined) visit.passed = true
      if (place.isLast) visit.passed = false
      await next()
    })
    if (place.guard === 'dryRun' && result instanceof Response && result.ok) visit.passed = true
    return result as Response
  }
}

function checked(response: Response, { passed }: Visit, tell: () => void): Response {
  if (passed || response.status >= 400) return response
  tell()
  const requestId = response.headers.get('x-request-id')
  const headers = requestId === null ? PROBLEM_HEADERS : { ...PROBLEM_HEADERS, 'X-Request-ID': requestId }
  return new Response(JSON.stringify(problemOf('not_found')), { status: 404, headers })
}

function tellOnce(logger: PepLogger): () => void {
  let told = false
  return () => {
    if (told) return
    told = true
    logger.warn({ code: 'unguarded_answer', where: 'middleware, or a handler of unknown routes' }, WHAT_TO_DO)
  }
}

/** Hono lists the handlers of one route one after another, with the same method and path. */
function placesOf(routes: readonly RouterRoute[]) {
  const places = new Map<RouterRoute, Place>()
  const objections: string[] = []
  for (const group of groupsOf(routes)) {
    const [first] = group
    if (first === undefined || isMiddleware(group)) continue
    const guards = group.map(({ handler }) => guardOf(originalOf(handler)))
    const objection = objectionTo(group, guards)
    if (objection !== undefined) objections.push(`${first.method} ${first.path}: ${objection}`)
    for (const [index, route] of group.entries()) {
      const isLast = index === group.length - 1 || guards[index + 1] !== undefined
      places.set(route, { guard: guards[index], isLast: isLast && guards[index] === undefined })
    }
  }
  return { places, objections }
}

function groupsOf(routes: readonly RouterRoute[]): readonly (readonly RouterRoute[])[] {
  const groups: RouterRoute[][] = []
  for (const route of routes) {
    const last = groups.at(-1)
    const [before] = last ?? []
    if (last && before && before.method === route.method && before.path === route.path) last.push(route)
    else groups.push([route])
  }
  return groups
}

/** `app.use('*', …)`: it may run before and behind every handler, and answers nothing by itself. */
function isMiddleware(group: readonly RouterRoute[]): boolean {
  return group.every(
    ({ method, path, handler }) => method === ALL && path.endsWith('*') && guardOf(originalOf(handler)) === undefined,
  )
}

function objectionTo(group: readonly RouterRoute[], guards: readonly (Guard | undefined)[]): string | undefined {
  const [first] = guards
  if (first === undefined)
    return guards.some((guard) => guard !== undefined)
      ? 'another handler stands before its guard; put the guard first'
      : 'neither enforce() nor open()'
  for (const [index, guard] of guards.entries()) {
    const isAlone = index === guards.length - 1 || guards[index + 1] !== undefined
    if (guard !== undefined && guard !== 'dryRun' && isAlone) return `${guard}() with no handler behind it`
  }
  const paths = group.map(({ handler }) => guardedPathOf(originalOf(handler))).filter((path) => path !== undefined)
  const other = paths.find((path) => !group[0]?.path.endsWith(path))
  return other === undefined ? undefined : `its guard was made for another path, ${other}`
}

/** Where an application that has an error handler of its own is mounted, Hono wraps its handlers. */
function originalOf(handler: unknown): unknown {
  return (handler as { readonly __COMPOSED_HANDLER?: unknown }).__COMPOSED_HANDLER ?? handler
}
