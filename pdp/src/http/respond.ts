/**
 * Sends responses on Node's own response.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import type { ProblemResponse } from '@mandate/service'
import { exchangeOf, setHeaders } from './exchange.ts'

/** What a handler answers with 200. */
export interface Answer {
  /** Id of the entry in the decision log, for `X-Evaluation-Id`. */
  readonly id?: string
  readonly body: unknown
}

/** Sends an answer as JSON, serialized once. */
export function sendJson(res: ServerResponse, { id, body }: Answer): void {
  const text = JSON.stringify(body)
  const { headers } = exchangeOf(res)
  const own = ['Content-Type', 'application/json; charset=utf-8', 'Content-Length', `${Buffer.byteLength(text)}`]
  res.writeHead(200, [...headers, ...(id === undefined ? [] : ['x-evaluation-id', id]), ...own]).end(text)
}

/** Sends a problem. Headers that a handler has set stay, except those that the problem sets itself. */
export function sendProblem(res: ServerResponse, { status, headers, problem }: ProblemResponse): void {
  const text = JSON.stringify(problem)
  res.statusCode = status
  setHeaders(res, exchangeOf(res).headers)
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(text)
}
