/**
 * The request log: one line a request.
 *
 * @module
 */
import { isRequestId } from '@mandate/protocol'
import type { Request, RequestHandler, Response } from 'express'

/** What the request log writes, and what it leaves out. */
export interface RequestLogOptions {
  readonly logger: { readonly info: (fields: object, message: string) => void }
  /** Whether a request id names a person, and is not to be written down. @default none does */
  readonly isPersonal?: (requestId: string, req: Request) => boolean
  /** Further fields of a line. @default none */
  readonly fields?: (req: Request, res: Response) => object
}

/**
 * Logs method, route, status, time and request id of each response that was sent. Never a path parameter or a query; the request id only where it has the
 * form of a random one, since a caller may write anything into it.
 */
export function logRequests({
  logger,
  isPersonal = () => false,
  fields = () => ({}),
}: RequestLogOptions): RequestHandler {
  const keptId = (req: Request, res: Response): string | undefined => {
    const id = res.get('X-Request-ID')
    return id !== undefined && isRequestId(id) && !isPersonal(id, req) ? id : undefined
  }
  return (req, res, next) => {
    const started = performance.now()
    res.once('finish', () => {
      const route: unknown = req.route?.path
      logger.info(
        {
          method: req.method,
          route: typeof route === 'string' ? route : 'none',
          status: res.statusCode,
          ms: Math.round(performance.now() - started),
          request_id: keptId(req, res),
          ...fields(req, res),
        },
        'request',
      )
    })
    next()
  }
}
