/**
 * JSON body middleware: reads the bytes, then parses them, so that limits by size apply before parsing.
 *
 * @module
 */
import { refuse } from '@mandate/protocol'
import express, { type RequestHandler } from 'express'
import { parseJson, utf8Of } from './json.ts'

/**
 * Accepts a JSON object, or no body where `optional`; anything else is 400 (AuthZEN 1.0, section 10.1).
 *
 * @param limit - Largest body, in body-parser's notation: `64kb`.
 * @param beforeParsing - Runs when the body has been read and not parsed.
 */
export function jsonBody(
  limit: string,
  presence: 'required' | 'optional',
  ...beforeParsing: readonly RequestHandler[]
): readonly RequestHandler[] {
  const raw = express.raw({ type: () => true, limit })
  const parse: RequestHandler = (req, _res, next) => {
    const body: unknown = req.body
    if (!(body instanceof Uint8Array) || body.length === 0) {
      req.body = undefined
      if (presence === 'required') throw refuse('invalid_request', 'The body must be a JSON object.')
      next()
      return
    }
    if (!req.is('application/json')) throw refuse('invalid_request', 'Content-Type: must be application/json.')
    const value = parseJson(utf8Of(body))
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw refuse('invalid_request', 'The body must be a JSON object.')
    req.body = value
    next()
  }
  return [raw, ...beforeParsing, parse]
}
