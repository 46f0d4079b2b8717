/**
 * JSON bodies: the bytes are read first and parsed then, so that limits by size apply before parsing.
 *
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { refuse } from '@mandate/protocol'
import express, { type RequestHandler } from 'express'
import { parseJson, utf8Of } from './json.ts'

/**
 * Accepts a JSON object, or no body where `optional`; anything else is 400 (AuthZEN 1.0, section 10.1).
 *
 * @param limit - Largest body, in bytes.
 * @param beforeParsing - Runs when the body has been read and not parsed.
 */
export function jsonBody(
  limit: number,
  presence: 'required' | 'optional',
  ...beforeParsing: readonly RequestHandler[]
): readonly RequestHandler[] {
  const raw = express.raw({ type: () => true, limit })
  const parse: RequestHandler = (req, _res, next) => {
    const body: unknown = req.body
    if (!(body instanceof Uint8Array) || body.length === 0) {
      req.body = undefined
      if (presence === 'required') throw notAnObject()
      next()
      return
    }
    if (!req.is('application/json')) throw refuse('invalid_request', 'Content-Type: must be application/json.')
    req.body = jsonObject(body)
    next()
  }
  return [raw, ...beforeParsing, parse]
}

/** Parses a body. @throws Fault `invalid_request` unless it is a JSON object. */
export function jsonObject(bytes: Uint8Array): object {
  const value = parseJson(utf8Of(bytes))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject()
  return value
}

const notAnObject = (): Error => refuse('invalid_request', 'The body must be a JSON object.')

/**
 * Reads a body of known length that is not encoded.
 *
 * @throws the error of Express's own reader when the client disconnects.
 */
export function readBody(req: IncomingMessage, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    // As `raw-body` marks it: the fault that is made of it must be the same.
    const aborted = (): void =>
      reject(Object.assign(new Error('request aborted'), { status: 400, expose: true, type: 'request.aborted' }))
    if (req.destroyed && !req.readableEnded) {
      aborted()
      return
    }
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.once('end', () => {
      const [first] = chunks
      resolve(first?.length === length ? first : Buffer.concat(chunks))
    })
    req.once('error', aborted)
    req.once('close', () => {
      if (!req.readableEnded) aborted()
    })
  })
}
