/**
 * `tools/call`: arguments are checked, then the call is decided, then the tool runs.
 *
 * @module
 */
import type { Decided, DecideRequest, Outcome, RequestHeaders } from '@mandate/pep'
import { Fault } from '@mandate/protocol'
import { type CallToolResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { denied, toolError } from './result.ts'
import type { CheckedTool, DecidedTool, ToolCall } from './tool.ts'

export interface CallDeps {
  /** Of the enforcement point. */
  readonly decide: (request: DecideRequest) => Promise<Decided>
  /** Headers of the current request. What is asked with them in one turn is one request to the PDP. */
  readonly headers: RequestHeaders
}

/**
 * @throws ProtocolError for an unknown tool. Fault `unauthenticated` when the token ended, or is of a client that is no registered agent; anything that is
 * no Fault, from the tool's own functions.
 */
export async function callTool<C>(
  checked: CheckedTool<C> | undefined,
  args: unknown,
  call: ToolCall<C>,
  deps: CallDeps,
): Promise<CallToolResult> {
  if (checked === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'there is no such tool')
  const { tool } = checked
  const parsed = tool.inputSchema.safeParse(args ?? {})
  if (!parsed.success) return toolError({ failure: 'invalid_arguments', detail: z.prettifyError(parsed.error) })
  try {
    if (tool.decidedBy !== undefined) return await tool.run(parsed.data, call)
    return await decideAndRun(tool, parsed.data, call, deps)
  } catch (error) {
    // A 401 is the transport's: the client must get another token.
    if (!(error instanceof Fault) || error.code === 'unauthenticated') throw error
    return toolError({ failure: error.code, detail: error.detail, ...retryOf(error.members) })
  }
}

async function decideAndRun<C>(
  tool: DecidedTool<z.ZodObject, C>,
  args: z.output<z.ZodObject>,
  call: ToolCall<C>,
  { decide, headers }: CallDeps,
): Promise<CallToolResult> {
  const named = await tool.resource(args, call)
  const resources = [named].flat()
  if (resources.length === 0) throw new TypeError(`${tool.name}: resource() returned no resource to decide on`)
  const { action, inPersonOnly } = tool
  const limits = inPersonOnly === undefined ? {} : { inPersonOnly }
  const all = await Promise.all(resources.map((resource) => decide({ headers, action, resource, ...limits })))
  const decided: Outcome[] = []
  for (const one of all) {
    if (!one.permitted) return refused(one, call, Array.isArray(named))
    decided.push(one.outcome)
  }
  return await tool.run(args, { ...call, decided })
}

/** @throws Fault `unauthenticated`. */
function refused<C>(
  { outcome, status, problem }: Extract<Decided, { readonly permitted: false }>,
  { authz }: ToolCall<C>,
  named: boolean,
): CallToolResult {
  if (status === 401) throw new Fault('unauthenticated', 'the enforcement point refused the token')
  if (outcome !== undefined) return denied(outcome, authz, named)
  return toolError({ failure: problem.code, detail: problem.detail ?? problem.title, ...retryOf(problem) })
}

function retryOf(members: Readonly<Record<string, unknown>> = {}): object {
  return { retry_after: members['retry_after'] }
}
