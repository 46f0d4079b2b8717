/**
 * Steps of an exchange on Node's own request and response: one implementation of each rule for both servers, Express for most routes, and the
 * listener of `direct.ts` for AuthZEN requests.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'

/** Throws, or rejects, to refuse. Returns nothing where there is nothing to wait for: waiting costs every request. */
export type Step = (req: IncomingMessage, res: ServerResponse) => Promise<void> | undefined

/** A step as middleware of Express 5, which forwards rejections to the error handler. */
export const middleware =
  (step: Step): RequestHandler =>
  async (req, res, next) => {
    await step(req, res)
    next()
  }
