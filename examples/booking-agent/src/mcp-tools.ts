/**
 * The agent's tools for a language model (Model Context Protocol), one server per trip. Trips decides each call of a tool, with the agent as actor.
 * The list of tools holds only those that are permitted now.
 *
 * @module
 */

import { pathIdSchema } from '@mandate/protocol'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import packageJson from '../package.json' with { type: 'json' }
import type { Run } from './run.ts'
import { type RunnerDeps, runTrip } from './runner.ts'
import type { Acting, TripsResult } from './trips-client.ts'

export interface ToolDeps {
  readonly runner: RunnerDeps
  readonly workflow: string
  readonly subject: string
  readonly actor: string
  readonly as: Acting
}

const MAX_ITEMS = 50
const noArguments = z.strictObject({})
const someItems = z.strictObject({ items: z.array(pathIdSchema).min(1).max(MAX_ITEMS) })
const NOTHING = { type: 'object', properties: {}, additionalProperties: false } as const

/** Creates the MCP server of one request; it keeps no state. It lists only tools that the caller may use now. */
export function toolServer(deps: ToolDeps): Server {
  const server = new Server({ name: 'booking-agent', version: packageJson.version }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: await toolsNow(deps) }))
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => call(params.name, params.arguments ?? {}, deps))
  return server
}

/** Lists the permitted tools; none when reading the trip is denied or no decision is available. */
async function toolsNow({ runner, workflow, as }: ToolDeps): Promise<Tool[]> {
  const [listed, checked] = await Promise.all([runner.trips.items(workflow, as), runner.trips.precheck(workflow, as)])
  if (listed.kind !== 'ok') return []
  const tools = [read, check]
  const permitted = listed.value.filter(({ id }) => checked.kind === 'ok' && checked.value.get(id)?.decision)
  if (permitted.length > 0) tools.push(execute(permitted.map(({ id }) => id)))
  return tools
}

const read: Tool = {
  name: 'read_trip',
  description: 'The items of the trip: ids and kinds.',
  inputSchema: NOTHING,
  annotations: { readOnlyHint: true },
}
const check: Tool = {
  name: 'check_items',
  description: 'Checks which items would be permitted. Books nothing.',
  inputSchema: NOTHING,
  annotations: { readOnlyHint: true },
}
const execute = (ids: string[]): Tool => ({
  name: 'execute_items',
  description: 'Books items. Each item is decided when it is executed; a denied item does not stop the others.',
  inputSchema: {
    type: 'object',
    properties: { items: { type: 'array', items: { type: 'string', enum: ids }, minItems: 1, maxItems: MAX_ITEMS } },
    required: ['items'],
    additionalProperties: false,
  },
  annotations: { destructiveHint: true, idempotentHint: true },
})

async function call(name: string, args: unknown, deps: ToolDeps): Promise<CallToolResult> {
  const { runner, workflow, as } = deps
  if (name === 'read_trip') {
    argumentsOf(noArguments, args)
    return readResult(await runner.trips.items(workflow, as))
  }
  if (name === 'check_items') {
    argumentsOf(noArguments, args)
    return runResult(await run(undefined, true, deps))
  }
  if (name === 'execute_items') return runResult(await run(argumentsOf(someItems, args).items, false, deps))
  throw new McpError(ErrorCode.InvalidParams, 'there is no such tool')
}

/** Runs the items as a run like any other: stored, and readable by its subject. */
const run = (items: readonly string[] | undefined, dryRun: boolean, deps: ToolDeps): Promise<Run> => {
  const { workflow, subject, actor, as } = deps
  return runTrip({ workflow, items, dryRun, subject, actor, as }, deps.runner)
}

function argumentsOf<S extends z.ZodType>(schema: S, args: unknown): z.output<S> {
  const parsed = schema.safeParse(args)
  if (parsed.success) return parsed.data
  throw new McpError(ErrorCode.InvalidParams, z.prettifyError(parsed.error))
}

/** Result of `read_trip` for the model: ids, kinds, and the reason of a denial. Omits the owner and the chain: no person's id reaches the model. */
function readResult(listed: TripsResult<readonly { readonly id: string; readonly name: string }[]>): CallToolResult {
  if (listed.kind === 'ok') return result({ items: listed.value.map(({ id, name }) => ({ item: id, kind: name })) })
  if (listed.kind === 'failed') return result({ failure: listed.code }, true)
  return result({ reason: listed.decided.reason, reason_user: listed.decided.reason_user }, true)
}

function runResult({ id, status, denial, failure, items }: Run): CallToolResult {
  const outcomes = items.map(
    ({ item, name, status: outcome, decision, reason, reason_user, evaluation_id, failure: code }) => ({
      item,
      kind: name,
      status: outcome,
      decision,
      reason,
      reason_user,
      evaluation_id,
      failure: code,
    }),
  )
  const refused = denial ? { reason: denial.reason, reason_user: denial.reason_user } : {}
  return result({ run: id, status, ...refused, failure, items: outcomes }, status !== 'done')
}

/** Builds a tool result as structured content, and as text for clients without support for structured content. */
function result(content: Readonly<Record<string, unknown>>, isError = false): CallToolResult {
  const text = JSON.stringify(content)
  return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text), ...(isError ? { isError } : {}) }
}
