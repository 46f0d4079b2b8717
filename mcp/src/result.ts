/**
 * Results of tools as a language model gets them: structured, and the same as text for clients that read only that.
 *
 * @module
 */
import { type Authz, disclosed, type Outcome } from '@mandate/pep'
import type { CallToolResult } from '@modelcontextprotocol/server'

/** What a tool returns: members of a JSON object, or a text. */
export type ToolContent = string | Readonly<Record<string, unknown>>

/** Builds the result of a call that did what was asked. Members that are `undefined` are left out. */
export function toolResult(content: ToolContent): CallToolResult {
  if (typeof content === 'string') return { content: [{ type: 'text', text: content }] }
  const text = JSON.stringify(content)
  return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) }
}

/** Builds the result of a call that failed or was denied, for the model to read (`isError`). */
export function toolError(content: ToolContent): CallToolResult {
  return { ...toolResult(content), isError: true }
}

/**
 * The result of a denied call: reason code, texts for people and cures. Never the owner, the chain or the figures of a limit: a model and its host get
 * no person's id, and no more than they need to go on.
 *
 * @param named - Names the resource; for calls that are about several.
 */
export function denied(outcome: Outcome, authz: Authz, named: boolean): CallToolResult {
  const { reason, reason_user, reasons, resource, evaluation_id } = disclosed(outcome, authz)
  return toolError({
    decision: false,
    ...(named ? { resource: `${resource.type}:${resource.id}` } : {}),
    reason,
    reason_user,
    reasons: reasons.map(({ code, gate, reason_user: text, cure }) => ({
      reason: code,
      gate,
      reason_user: text,
      cure,
    })),
    evaluation_id,
  })
}
