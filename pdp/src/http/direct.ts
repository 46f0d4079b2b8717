/**
 * Request listener that answers AuthZEN operations without Express, whose router and response cost as much as the rest of a decision; everything else,
 * and what is unusual about a request, goes to Express. Both take the same steps ({@link Step}) and operations ({@link AskingOperation}), so a
 * request gets the same response either way (`test/unit/direct-requests.test.ts`).
 *
 * @module
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Leave } from './admission.ts'
import { type AskingOperation, admit, answerAsked } from './asking.ts'
import { type BeginExchange, principalOf } from './exchange.ts'
import { jsonObject, readBody } from './json-body.ts'
import type { Step } from './step.ts'

export interface DirectOptions {
  /** Operations by their exact path. All are POST. */
  readonly operations: ReadonlyMap<string, AskingOperation>
  readonly begin: BeginExchange
  /** Steps before the body is read, in order. */
  readonly steps: readonly Step[]
  /** Answers a problem. Never rejects. */
  readonly answerProblem: (error: unknown, res: ServerResponse) => Promise<void>
  /** Takes what is not answered directly. */
  readonly app: RequestListener
}

/** Spellings of the media type that clients send; Express parses any other. */
const JSON_TYPES = new Set(['application/json', 'application/json; charset=utf-8', 'application/json;charset=utf-8'])

/** Creates the listener. */
export function createDirectListener(options: DirectOptions): RequestListener {
  const { operations, app } = options
  return (req, res) => {
    const operation = operations.get(req.url ?? '')
    if (operation && isPlain(req, operation)) void answerDirectly(options, operation, req, res)
    else app(req, res)
  }
}

/** Whether a request is a POST of JSON with a body of known length, not encoded and not too long. */
function isPlain({ method, headers }: IncomingMessage, { bodyLimit }: AskingOperation): boolean {
  const length = Number(headers['content-length'])
  return (
    method === 'POST' &&
    length > 0 &&
    length <= bodyLimit &&
    JSON_TYPES.has(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    headers['transfer-encoding'] === undefined
  )
}

async function answerDirectly(
  { begin, steps, answerProblem }: DirectOptions,
  operation: AskingOperation,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  let leave: Leave | undefined
  try {
    const begun = begin(req, res, req.url ?? '')
    if (begun) await begun
    for (const step of steps) {
      const taken = step(req, res)
      if (taken) await taken
    }
    const bytes = await readBody(req, Number(req.headers['content-length']))
    if (operation.charge) await operation.charge(principalOf(res), bytes.length)
    const entered = admit(operation, req, res)
    leave = entered instanceof Promise ? await entered : entered
    await answerAsked(operation, req, res, jsonObject(bytes))
  } catch (error) {
    await answerProblem(error, res)
  } finally {
    leave?.()
  }
}
