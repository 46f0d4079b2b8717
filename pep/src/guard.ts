/**
 * Guards: the handlers that may stand first on a route. Each carries a mark by which `seal` knows it.
 *
 * @module
 */
import type { Request, RequestHandler } from 'express'

export type Guard = 'authenticate' | 'enforce' | 'enforceEach' | 'filter' | 'dryRun' | 'open'

/** Which handlers are guards. Outside of the functions themselves, so that nobody can forge the mark with a property. */
const guards = new WeakMap<object, Guard>()

export function marked(guard: Guard, handler: RequestHandler): RequestHandler {
  guards.set(handler, guard)
  return handler
}

export function guardOf(handler: unknown): Guard | undefined {
  return typeof handler === 'function' ? guards.get(handler) : undefined
}

/** Whether the guard needs `authenticate()` before it. */
export function needsIdentity(guard: Guard): boolean {
  return guard !== 'open' && guard !== 'authenticate'
}

/** Requests that a guard let through, whatever its kind. What `seal` holds every answer against. */
const passed = new WeakSet<object>()

export function letThrough(req: Request): void {
  passed.add(req)
}

export function wasLetThrough(req: object): boolean {
  return passed.has(req)
}
