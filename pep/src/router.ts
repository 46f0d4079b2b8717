/**
 * Reads the internals of Express's routers, version 5 (router 2.x) and 4. They are undocumented: `assert-guarded.test.ts` runs on both.
 *
 * @module
 */

/** One entry of a router's stack. */
export interface Layer {
  readonly handle: unknown
  readonly name?: string
  readonly method?: string | undefined
  readonly route?: Route | undefined
  /** Express 5: the path as it was written. */
  readonly rawPath?: unknown
  /** Express 4: the compiled path; `fast_slash` for a path that matches every request. */
  readonly regexp?: { readonly source: string; readonly fast_slash?: boolean }
}

export interface Route {
  readonly path: unknown
  readonly stack: readonly Layer[]
  readonly methods: Readonly<Record<string, boolean>>
}

/** The parts of an Express app that are read. */
export interface GuardedApp {
  readonly use: (handler: (...args: never[]) => void) => unknown
}

/** A router, or an app's own. */
export interface Router {
  readonly stack: readonly Layer[]
}

/** The app's own router; `undefined` when it is no Express app, or has no routes. */
export function routerOfApp(app: object): Router | undefined {
  // In Express 4 `app.router` throws; the real one is made with the first route.
  if ('_router' in app) return routerOf(app._router)
  if ('lazyrouter' in app) return undefined
  return 'router' in app ? routerOf(app.router) : undefined
}

export function routerOf(handle: unknown): Router | undefined {
  if (typeof handle !== 'function' || !('stack' in handle)) return undefined
  return Array.isArray(handle.stack) ? (handle as unknown as Router) : undefined
}

/** Whether the layer sees every request of its router. */
export function isRoot(layer: Layer): boolean {
  if (layer.regexp) return layer.regexp.fast_slash === true
  return isRootPath(layer.rawPath)
}

/** The path for error messages; in Express 4 only the compiled expression of a middleware's path is known. */
export function pathOf(layer: Layer): string {
  return layer.regexp ? `/${unescaped(layer.regexp.source)}` : pathText(layer.rawPath)
}

export function pathText(path: unknown): string {
  if (isRootPath(path)) return '/'
  return Array.isArray(path) ? path.map(pathText).join('|') : String(path)
}

/** `^\/admin\/?(?=\/|$)` is `admin`. */
function unescaped(source: string): string {
  return source
    .replace(/^\^\\\//u, '')
    .replace(/\\\/\?\(\?=\\\/\|\$\)$/u, '')
    .replaceAll('\\/', '/')
}

function isRootPath(path: unknown): boolean {
  return path === '/' || path === '' || path === undefined
}
