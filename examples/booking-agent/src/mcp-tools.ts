/**
 * The agent's tools for a language model, by the Model Context Protocol: one server a trip. What a tool may do is decided when it is called,
 * where the item is, with the agent as actor; the list holds only what it could do now.
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
import type { Run } from './run.ts'
import { type RunnerDeps, runTrip } from './runner.ts'
import type { Acting, Answer } from './trips-client.ts'

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

/** @returns a server for one request. It keeps nothing, and has no tool that its caller could not use now. */
export function toolServer(deps: ToolDeps): Server {
  const server = new Server({ name: 'booking-agent', version: '0.1.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: await toolsNow(deps) }))
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => call(params.name, params.arguments ?? {}, deps))
  return server
}

/** A trip that may not be read has no tools, and neither has one that nobody can decide about. */
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
  description: 'Asks what would be permitted for each item. Books nothing.',
  inputSchema: NOTHING,
  annotations: { readOnlyHint: true },
}
const execute = (ids: string[]): Tool => ({
  name: 'execute_items',
  description: 'Books items. Each is decided when its turn comes; a denial of one does not keep the others.',
  inputSchema: {
    type: 'object',
    properties: { items: { type: 'array', items: { type: 'string', enum: ids }, minItems: 1, maxItems: MAX_ITEMS } },
    required: ['items'],
    additionalProperties: false,
  },
  annotations: { destructiveHint: true, idempotentHint: true },
})

async function call(name: string, given: unknown, deps: ToolDeps): Promise<CallToolResult> {
  const { runner, workflow, as } = deps
  if (name === 'read_trip') {
    argumentsOf(noArguments, given)
    return readResult(await runner.trips.items(workflow, as))
  }
  if (name === 'check_items') {
    argumentsOf(noArguments, given)
    return runResult(await run(undefined, true, deps))
  }
  if (name === 'execute_items') return runResult(await run(argumentsOf(someItems, given).items, false, deps))
  throw new McpError(ErrorCode.InvalidParams, 'there is no such tool')
}

/** What a tool does is a run like any other: kept, and read by the person it was done for. */
const run = (items: readonly string[] | undefined, dryRun: boolean, deps: ToolDeps): Promise<Run> => {
  const { workflow, subject, actor, as } = deps
  return runTrip({ workflow, items, dryRun, subject, actor, as }, deps.runner)
}

function argumentsOf<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  throw new McpError(ErrorCode.InvalidParams, z.prettifyError(parsed.error))
}

/** What a model is told: ids, kinds, outcomes and the texts of reasons. Whose the trip is, and the chain of people to it, it need not know. */
function readResult(listed: Answer<readonly { readonly id: string; readonly name: string }[]>): CallToolResult {
  if (listed.kind === 'ok') return result({ items: listed.value.map(({ id, name }) => ({ item: id, kind: name })) })
  if (listed.kind === 'failed') return result({ failure: listed.code }, true)
  return result({ reason: listed.decided.reason, reason_user: listed.decided.reason_user }, true)
}

function runResult({ id, status, denial, failure, items }: Run): CallToolResult {
  const told = items.map(
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
  return result({ run: id, status, ...refused, failure, items: told }, status !== 'done')
}

/** Structured, and as text for clients that know no better. */
function result(content: Readonly<Record<string, unknown>>, isError = false): CallToolResult {
  const text = JSON.stringify(content)
  return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text), ...(isError ? { isError } : {}) }
}
