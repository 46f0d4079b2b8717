/**
 * What stands in front of a sealed app: no answer below 400 leaves it unless a guard let the request through. Routes are checked at boot;
 * this is for what answers without being a route, such as middleware, or a router's own reply to OPTIONS.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { problemOf } from '@mandate/protocol'
import { wasLetThrough } from './guard.ts'

const BODY = Buffer.from(JSON.stringify(problemOf('not_found')))

export function lastResort(req: IncomingMessage, res: ServerResponse, next: () => void): void {
  const writeHead = res.writeHead
  const end = res.end
  let replaced = false
  const isHeld = () => !res.headersSent && res.statusCode < 400 && !wasLetThrough(req)
  const replace = () => {
    replaced = true
    for (const name of res.getHeaderNames()) if (name !== 'x-request-id') res.removeHeader(name)
    writeHead.call(res, 404, {
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': BODY.length,
    })
    end.call(res, BODY, 'utf8')
    return res
  }
  const held =
    <F extends (...args: never[]) => unknown>(write: F, statusOf?: (args: readonly unknown[]) => unknown) =>
    (...args: Parameters<F>): unknown => {
      const status = statusOf?.(args)
      if (typeof status === 'number') res.statusCode = status
      if (replaced) return res
      return isHeld() ? replace() : write.apply(res, args)
    }
  Object.assign(res, {
    writeHead: held(writeHead, ([status]) => status),
    write: held(res.write),
    end: held(end),
    flushHeaders: held(res.flushHeaders),
  })
  next()
}
