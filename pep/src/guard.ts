/**
 * Guards: the handlers that may be the first on a route, in any framework. Each carries a mark that the check at boot looks for.
 *
 * @module
 */
export type Guard = 'authenticate' | 'enforce' | 'enforceEach' | 'filter' | 'dryRun' | 'open'

interface Mark {
  readonly guard: Guard
  /** The path that the guard was made for. */
  readonly path: string | undefined
}

/** Which handlers are guards. Kept outside of the functions, so that a property cannot forge the mark. */
const guards = new WeakMap<object, Mark>()

export function marked<H extends object>(guard: Guard, handler: H, path?: string): H {
  guards.set(handler, { guard, path })
  return handler
}

const markOf = (handler: unknown): Mark | undefined => (typeof handler === 'function' ? guards.get(handler) : undefined)

export function guardOf(handler: unknown): Guard | undefined {
  return markOf(handler)?.guard
}

/** The path that a guard was made for; `undefined` where it was made for any. */
export function guardedPathOf(handler: unknown): string | undefined {
  return markOf(handler)?.path
}

/** Whether the guard needs `authenticate()` before it. */
export function needsIdentity(guard: Guard): boolean {
  return guard !== 'open' && guard !== 'authenticate'
}

/** One run of a guarded route: from the route's match until the route passes the request on. */
interface Visit {
  passed: boolean
}

const visits = new WeakMap<object, Visit>()

/** Begins a request of a framework without routes that pass requests on: its guard's permission holds until the answer. */
export function beginVisit(req: object): void {
  if (!visits.has(req)) visits.set(req, { passed: false })
}

/** Records that the guard of the current route permits its answer. No effect outside of a guarded route. */
export function letThrough(req: object): void {
  const visit = visits.get(req)
  if (visit) visit.passed = true
}

export function wasLetThrough(req: object): boolean {
  return visits.get(req)?.passed === true
}

type Dispatch = (req: object, res: unknown, next: (error?: unknown) => void) => unknown

/** Wraps a route's dispatch: the guard's permission ends when the route passes the request on, also by an error. */
export function visiting(dispatch: Dispatch): Dispatch {
  return (req, res, next) => {
    const around = visits.get(req)
    visits.set(req, { passed: false })
    const leave = (): void => {
      if (around) visits.set(req, around)
      else visits.delete(req)
    }
    try {
      return dispatch(req, res, (error) => {
        leave()
        next(error)
      })
    } catch (error) {
      leave()
      throw error
    }
  }
}
