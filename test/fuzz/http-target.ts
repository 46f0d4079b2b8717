/**
 * A service as a target: its routes with generated ids, queries, headers and bodies, spelled in other ways, as callers with right, wrong and spoilt tokens.
 *
 * @module
 */
import { Agent, request } from 'node:http'
import { type Random, randomOf } from '../new-enemy/random.ts'
import { drawJson, drawObject, drawText, spoilJson, spoilText, spoilToken } from './draw.ts'
import type { Input, Outcome, Target } from './target.ts'

/** A route, with `:name` where an id is. */
export interface Route {
  readonly method: string
  readonly path: string
  /** A body that the route accepts. */
  readonly body?: unknown
  /** Body in `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>
}

export interface HttpTargetOptions {
  readonly name: string
  readonly weight: number
  readonly url: string
  readonly routes: readonly Route[]
  readonly tokens: readonly string[]
  readonly words: readonly string[]
  /** Statuses from 500 on that a request may rightly get, such as 501 for a method that HTTP does not know. */
  readonly allowed?: readonly number[]
  readonly pid?: () => number
  /** An answer that has not ended by then is a fault, in milliseconds. @default 15000 */
  readonly giveUpMs?: number
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH']
const SPELLINGS: readonly ((path: string) => string)[] = [
  (path) => `${path}/`,
  (path) => `/${path}`,
  (path) => path.toUpperCase(),
  (path) => path.replaceAll('/', '%2f'),
  (path) => path.replaceAll('/', '//'),
  (path) => `${path};a=b`,
  (path) => `${path}/../${path}`,
  (path) => `${path}%00`,
  (path) => `${path}%E0%A4%A`,
  (path) => `/x/..${path}`,
  (path) => `http://127.0.0.1${path}`,
  () => '*',
]
const TYPES = [
  'application/json',
  'text/plain',
  'application/xml',
  'application/json; charset=utf-16',
  '',
  'multipart/form-data',
]
const GIVE_UP_MS = 15_000

export function httpTarget(options: HttpTargetOptions): Target {
  const { name, weight, url, routes, tokens, words, allowed = [], pid, giveUpMs = GIVE_UP_MS } = options
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const { hostname, port } = new URL(url)
  return {
    name,
    weight,
    ...(pid ? { pid } : {}),
    draw: (random) => drawRequest(random, routes, words),
    send: (input) => sendRequest({ hostname, port: Number(port), agent, tokens, allowed, giveUpMs }, input),
  }
}

function drawRequest(random: Random, routes: readonly Route[], words: readonly string[]): Input {
  const route = random.pick(routes)
  const idOf = (): string => encodeURIComponent(drawText(random, words).toWellFormed())
  const plain = route.path.replaceAll(/:[a-z]+/gu, idOf)
  const path = random.next() < 0.12 ? random.pick(SPELLINGS)(plain) : plain
  const method = random.next() < 0.08 ? random.pick(METHODS) : route.method
  const headers: Record<string, string> = { ...oddHeaders(random, words) }
  const body = drawBody(random, route, words)
  if (body !== undefined)
    headers['content-type'] =
      random.next() < 0.05 ? random.pick(TYPES) : route.form ? 'application/x-www-form-urlencoded' : 'application/json'
  return {
    method,
    path: path + drawQuery(random, words),
    caller: drawCaller(random),
    headers,
    ...(body === undefined ? {} : { body }),
  }
}

/** Who asks. Resolved when the request is sent, since tokens differ from run to run. */
interface Caller {
  readonly form: 'none' | 'right' | 'spoilt' | 'odd'
  /** Which of the target's tokens. */
  readonly token: number
  /** Of the choice of the defect. */
  readonly seed: number
}

function drawCaller(random: Random): Caller {
  const kind = random.next()
  const form = kind < 0.08 ? 'none' : kind < 0.78 ? 'right' : kind < 0.96 ? 'spoilt' : 'odd'
  return { form, token: random.integer(1_000), seed: random.integer(1_000_000) }
}

function credentialsOf(
  { form, token: which, seed }: Caller,
  tokens: readonly string[],
): Readonly<Record<string, string>> {
  const token = tokens[which % tokens.length]
  if (form === 'none' || token === undefined) return {}
  const random = randomOf(seed)
  if (form === 'right') return { authorization: `Bearer ${token}` }
  if (form === 'spoilt') return { authorization: headerText(`Bearer ${spoilToken(random, token)}`) }
  return {
    authorization: random.pick([`Basic ${token}`, 'Bearer', token, 'Bearer  ', `bearer ${token}`, 'Basic OnVzZXI6']),
  }
}

/** What Node's client sends as a header: other characters are replaced. */
const headerText = (text: string): string => text.replaceAll(/[^\u0020-\u007e\u0080-\u00ff]/gu, '?').slice(0, 7_000)

function oddHeaders(random: Random, words: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  const text = (): string => headerText(drawText(random, words))
  if (random.next() < 0.3) headers['mandate-persona'] = random.next() < 0.7 ? 'traveler/family' : text()
  if (random.next() < 0.1) headers['x-request-id'] = text()
  if (random.next() < 0.1) headers['idempotency-key'] = text()
  if (random.next() < 0.05) headers['if-match'] = text()
  if (random.next() < 0.05) headers['x-forwarded-for'] = text()
  if (random.next() < 0.05) headers['x-http-method-override'] = random.pick(METHODS)
  if (random.next() < 0.05) headers['traceparent'] = text()
  if (random.next() < 0.05) headers['accept'] = text()
  if (random.next() < 0.05) headers['cookie'] = `session=${encodeURIComponent(text())}`
  if (random.next() < 0.03) headers['origin'] = text()
  if (random.next() < 0.03) headers['last-event-id'] = text()
  return headers
}

const QUERY_NAMES = [
  'limit',
  'cursor',
  'subject',
  'from',
  'to',
  'include',
  'to',
  'state',
  'code',
  'delegator',
  'kind',
  'client_id',
  'scope',
]

function drawQuery(random: Random, words: readonly string[]): string {
  if (random.next() < 0.6) return ''
  const parts = Array.from({ length: 1 + random.integer(3) }, () => {
    const name =
      random.next() < 0.8 ? random.pick(QUERY_NAMES) : encodeURIComponent(drawText(random, words).toWellFormed())
    return `${name}${random.pick(['=', '[]=', '[$ne]=', ''])}${encodeURIComponent(drawText(random, words).toWellFormed())}`
  })
  return `?${parts.join('&')}`
}

function drawBody(random: Random, { body, form, method }: Route, words: readonly string[]): string | undefined {
  if (form) {
    const fields = random.next() < 0.4 ? form : (spoilJson(random, form, words) as Readonly<Record<string, unknown>>)
    return new URLSearchParams(
      Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ).toString()
  }
  if (method === 'GET' || method === 'HEAD') return undefined
  const kind = random.next()
  const whole = body ?? drawObject(random, words)
  if (kind < 0.15) return JSON.stringify(whole)
  if (kind < 0.7) return JSON.stringify(spoilJson(random, whole, words))
  if (kind < 0.8) return JSON.stringify(drawJson(random, words))
  if (kind < 0.95) return spoilText(random, JSON.stringify(whole), words)
  return random.pick(['', 'null', '[', '{"a":1,"a":2}', '\u0000', 'x'.repeat(70_000), '['.repeat(5_000), '1e999'])
}

interface Connection {
  readonly hostname: string
  readonly port: number
  readonly agent: Agent
  readonly tokens: readonly string[]
  readonly allowed: readonly number[]
  readonly giveUpMs: number
}

/** An input that `draw` made. */
interface RequestInput {
  readonly method: string
  readonly path: string
  readonly caller: Caller
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

function sendRequest({ hostname, port, agent, tokens, allowed, giveUpMs }: Connection, input: Input): Promise<Outcome> {
  const { method, path, caller, headers: odd, body } = input as unknown as RequestInput
  const headers = { ...odd, ...credentialsOf(caller, tokens) }
  return new Promise((resolve) => {
    const payload = body === undefined ? undefined : Buffer.from(body)
    const sent = payload ? { ...headers, 'content-length': String(payload.length) } : headers
    const req = request({ hostname, port, agent, method, path, headers: sent }, (res) => {
      const status = res.statusCode ?? 0
      const answer = status >= 400 ? String(status) : `${Math.floor(status / 100)}xx`
      const outcome = status >= 500 && !allowed.includes(status) ? { answer, fault: `${status}` } : { answer }
      const isStream = res.headers['content-type']?.startsWith('text/event-stream') === true
      if (isStream) {
        resolve({ answer: 'stream' })
        return void res.destroy()
      }
      res
        .on('end', () => resolve(outcome))
        .on('error', () => resolve(outcome))
        .resume()
    })
    const timer = setTimeout(() => req.destroy(new Error('no end')), giveUpMs)
    req.on('close', () => clearTimeout(timer))
    // A connection that is closed on a broken request is an answer; one that never ends is not.
    req.on('error', (error) =>
      resolve(error.message === 'no end' ? { answer: 'none', fault: 'no end' } : { answer: 'closed' }),
    )
    req.end(payload)
  })
}
