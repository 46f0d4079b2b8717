/**
 * Guards: the handlers that may stand first on a route. Each carries a mark by which `seal` knows it.
 *
 * @module
 */
import type { RequestHandler } from 'express'

export type Guard = 'authenticate' | 'enforce' | 'enforceEach' | 'dryRun' | 'open'

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
  return guard === 'enforce' || guard === 'enforceEach' || guard === 'dryRun'
}
