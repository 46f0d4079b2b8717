/**
 * Definitions of tools: what a call of each is decided on, and when the list of tools has it.
 *
 * @module
 */
import type { Authz, Outcome, Resource } from '@mandate/pep'
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/server'
import { z } from 'zod'

export type MaybePromise<T> = T | Promise<T>

/** The caller of a tool, and what the server's `context` made of the request. */
export interface ToolCall<C> {
  /** Subject and actor, from the verified token. */
  readonly authz: Authz
  readonly context: C
}

/** A call that was permitted. */
export interface DecidedCall<C> extends ToolCall<C> {
  /** One permit a resource, in the order of `resource`. */
  readonly decided: readonly Outcome[]
}

/** The permitted values of one argument; the list of tools shows them as an `enum` in its schema. */
export interface PermittedValues {
  /** Name of an argument: a text, or a list of texts. */
  readonly argument: string
  /** Without values the tool is not listed. */
  readonly values: readonly string[]
}

/** Resources that a tool could be called on. The list has the tool when one of them is permitted. */
export interface ListedResources<C> {
  /** The first 100 are asked about, for all tools in one request to the PDP. */
  readonly resources: (call: ToolCall<C>) => MaybePromise<readonly Resource[]>
  /** The argument that names a resource by its id, or several: its schema gets the permitted ids as `enum`. */
  readonly argument?: string
}

interface ToolBase<S extends z.ZodObject> {
  /** Letters, digits, `_`, `-` and `.`; at most 128. */
  readonly name: string
  /** Name for people. */
  readonly title?: string
  /** What the tool does, for the language model. */
  readonly description: string
  /** Arguments. The list shows it as JSON Schema; a call with other arguments is refused before anything is decided. */
  readonly inputSchema: S
  readonly annotations?: ToolAnnotations
}

/** A tool whose calls this server has decided by the PDP. */
export interface DecidedTool<S extends z.ZodObject, C> extends ToolBase<S> {
  readonly decidedBy?: undefined
  /** Action of the domain's manifest. */
  readonly action: string
  /**
   * What a call is about, with attributes from the service's own records. Of several resources all must be permitted. May throw a Fault, such as
   * `not_found`. Without arguments in `inputSchema` the list of tools asks about it too.
   */
  readonly resource: (args: z.output<S>, call: ToolCall<C>) => MaybePromise<Resource | readonly Resource[]>
  /**
   * When a tool with arguments is listed. `always`: without a decision, where there are too many resources to ask about; each call is decided
   * nevertheless.
   */
  readonly listed?: ListedResources<C> | 'always'
  /** `true` refuses agents and service accounts before the PDP is asked. @default the enforcement point's option */
  readonly inPersonOnly?: boolean
  /** Runs on a permit only. A Fault becomes a failed result with its code; another error is the service's, and fails the request. */
  readonly run: (args: z.output<S>, call: DecidedCall<C>) => MaybePromise<CallToolResult>
}

/** A tool that calls another service, which decides: nothing is asked here, and its `run` must call with a token of the caller for that service. */
export interface DelegatedTool<S extends z.ZodObject, C> extends ToolBase<S> {
  readonly decidedBy: 'the service that is called'
  /** Whether the tool could be used now, by what that service says; or the permitted values of one argument. */
  readonly listed: (call: ToolCall<C>) => MaybePromise<boolean | PermittedValues>
  readonly run: (args: z.output<S>, call: ToolCall<C>) => MaybePromise<CallToolResult>
}

/** One tool of a server whose context is `C`, whatever its arguments are; made by {@link defineTool}. */
export type Tool<C> = DecidedTool<z.ZodObject, C> | DelegatedTool<z.ZodObject, C>

/** Gives a tool's functions the types of its own arguments. `C` is the type of the server's context. */
export function defineTool<S extends z.ZodObject, C = undefined>(
  tool: DecidedTool<S, C> | DelegatedTool<S, C>,
): Tool<C> {
  // Its functions get arguments that its own schema has parsed.
  return tool as unknown as Tool<C>
}

type Schema = Readonly<Record<string, unknown>>

/** A checked tool, and its arguments as JSON Schema. */
export interface CheckedTool<C> {
  readonly tool: Tool<C>
  readonly schema: { readonly type: 'object'; readonly properties: Readonly<Record<string, Schema>> }
}

const NAME = /^[\w.-]{1,128}$/u

/** @throws TypeError naming every mistake in the definitions. */
export function checkTools<C>(tools: readonly Tool<C>[]): ReadonlyMap<string, CheckedTool<C>> {
  const checked = new Map(tools.map((tool) => [tool.name, { tool, schema: schemaOf(tool.inputSchema) }]))
  const objections = [...checked.values()].flatMap(objectionsTo)
  if (checked.size < tools.length) objections.push('two tools have the same name')
  if (objections.length > 0) throw new TypeError(`createToolServer: ${objections.join('; ')}`)
  return checked
}

function schemaOf(schema: z.ZodObject): CheckedTool<unknown>['schema'] {
  return { properties: {}, ...z.toJSONSchema(schema, { io: 'input' }) } as CheckedTool<unknown>['schema']
}

function objectionsTo<C>({ tool, schema }: CheckedTool<C>): readonly string[] {
  const { name } = tool
  const objections: string[] = []
  if (!NAME.test(name)) objections.push(`"${name}" is no name of a tool`)
  if (tool.decidedBy !== undefined) return objections
  const { listed } = tool
  if (listed === undefined && Object.keys(schema.properties).length > 0)
    objections.push(`${name} has arguments: \`listed\` must say which resources it could be called on`)
  if (listed === undefined || listed === 'always' || listed.argument === undefined) return objections
  const objection = argumentObjection(schema, listed.argument)
  return objection === undefined ? objections : [...objections, `${name}: ${objection}`]
}

function argumentObjection({ properties }: CheckedTool<unknown>['schema'], argument: string): string | undefined {
  const property = properties[argument]
  if (property === undefined) return `there is no argument "${argument}"`
  const { type } = property['type'] === 'array' ? ((property['items'] ?? {}) as Schema) : property
  return type === 'string' ? undefined : `the argument "${argument}" is neither a text nor a list of texts`
}

/** The schema in which only these values of one argument are valid. */
export function withPermitted<C>(
  { tool, schema }: CheckedTool<C>,
  { argument, values }: PermittedValues,
): CheckedTool<C>['schema'] {
  const objection = argumentObjection(schema, argument)
  if (objection !== undefined) throw new TypeError(`${tool.name}: ${objection}`)
  const property = schema.properties[argument] ?? {}
  const limited =
    property['type'] === 'array'
      ? { ...property, items: { ...(property['items'] as Schema), enum: values } }
      : { ...property, enum: values }
  return { ...schema, properties: { ...schema.properties, [argument]: limited } }
}
