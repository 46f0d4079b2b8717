/**
 * Recognises errors of tests whose cause is a program that this machine does not have. Pure.
 *
 * @module
 */

/** Variable with the names of the programs that are missing: a JSON list. */
export const MISSING_TOOLS = 'MANDATE_MISSING_TOOLS'

/** An error as Vitest reports it. */
export interface ReportedError {
  readonly name?: string | undefined
  readonly message: string
  readonly [property: string]: unknown
}

/** `openssl: not found` of a shell, `spawn go ENOENT` of Node. */
const NOT_FOUND = [/\b([\w.-]+): (?:command )?not found/u, /\bspawn(?:Sync)? ([\w.-]+) ENOENT/u]

/**
 * The reason to skip a test, if each of its errors comes from one of the missing programs.
 *
 * @param missing - Names that were announced before the first stage. Another missing program is a failure.
 */
export function missingToolReason(errors: readonly ReportedError[], missing: readonly string[]): string | undefined {
  const tools = errors.map((error) => missing.find((tool) => tool.toLowerCase() === toolOf(error)?.toLowerCase()))
  if (tools.length === 0 || tools.includes(undefined)) return undefined
  return `missing: ${[...new Set(tools)].join(', ')}`
}

function toolOf({ name, message, tool }: ReportedError): string | undefined {
  if (name === 'MissingToolError') return typeof tool === 'string' ? tool : undefined
  for (const pattern of NOT_FOUND) {
    const found = pattern.exec(message)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}
