/**
 * `tools/list`: the tools that could be used now, by one request to the PDP.
 *
 * @module
 */
import type { PepQuestions, Resource } from '@mandate/pep'
import type { Tool as ListedTool } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import { type CheckedTool, type DecidedTool, type PermittedValues, type ToolCall, withPermitted } from './tool.ts'

/** Resources of one tool that the list asks about. */
const MAX_LISTED = 100

/** What is known of a tool before the PDP is asked: whether it is listed, or which resources to ask about. */
type Candidate<C> =
  | { readonly checked: CheckedTool<C>; readonly listed: boolean | PermittedValues }
  | { readonly checked: CheckedTool<C>; readonly ask: Asking }

interface Asking {
  readonly action: string
  readonly resources: readonly Resource[]
  readonly argument: string | undefined
}

/**
 * Lists the tools that are permitted now, in the order of their definitions. The decisions are for showing only; each call is decided again.
 *
 * @param decideActions - Of the enforcement point, for the current request. What it is asked in one turn is one request to the PDP.
 * @throws Fault of the enforcement point.
 */
export async function listTools<C>(
  tools: Iterable<CheckedTool<C>>,
  call: ToolCall<C>,
  decideActions: (question: Parameters<PepQuestions<object>['decideActions']>[1]) => Promise<Permitted>,
): Promise<ListedTool[]> {
  // All resources first: then every question is asked in the same turn.
  const candidates = await Promise.all([...tools].map((checked) => candidateOf(checked, call)))
  const shown = await Promise.all(
    candidates.map(async (candidate) => {
      const { checked } = candidate
      const listed = 'ask' in candidate ? await permitted(candidate.ask, decideActions) : candidate.listed
      return shownTool(checked, listed)
    }),
  )
  return shown.filter((tool) => tool !== undefined)
}

type Permitted = Readonly<Record<string, { readonly decision: boolean }>>

async function candidateOf<C>(checked: CheckedTool<C>, call: ToolCall<C>): Promise<Candidate<C>> {
  const { tool } = checked
  if (tool.decidedBy !== undefined) return { checked, listed: await tool.listed(call) }
  if (tool.inPersonOnly === true && !call.authz.inPerson) return { checked, listed: false }
  if (tool.listed === 'always') return { checked, listed: true }
  const resources = (await candidateResources(tool, call)).slice(0, MAX_LISTED)
  return { checked, ask: { action: tool.action, resources, argument: tool.listed?.argument } }
}

async function candidateResources<C>(
  tool: DecidedTool<z.ZodObject, C>,
  call: ToolCall<C>,
): Promise<readonly Resource[]> {
  if (typeof tool.listed === 'object') return await tool.listed.resources(call)
  return [await tool.resource({}, call)].flat()
}

async function permitted(
  { action, resources, argument }: Asking,
  decideActions: Parameters<typeof listTools>[2],
): Promise<boolean | PermittedValues> {
  const outcomes = await Promise.all(resources.map((resource) => decideActions({ actions: [action], resource })))
  const found = resources.filter((_resource, index) => outcomes[index]?.[action]?.decision === true)
  return argument === undefined ? found.length > 0 : { argument, values: found.map(({ id }) => id) }
}

function shownTool<C>(checked: CheckedTool<C>, listed: boolean | PermittedValues): ListedTool | undefined {
  if (listed === false || (typeof listed === 'object' && listed.values.length === 0)) return undefined
  const { name, title, description, annotations } = checked.tool
  const schema = typeof listed === 'object' ? withPermitted(checked, listed) : checked.schema
  return {
    name,
    description,
    inputSchema: schema as ListedTool['inputSchema'],
    ...(title === undefined ? {} : { title }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}
