/**
 * Detects a command line option that is given more often than it may be: `parseArgs` of Node keeps the last value and drops the others silently.
 *
 * @module
 */

/** The parts of a token of `parseArgs` (`tokens: true`) that are used here. */
export interface OptionToken {
  readonly kind: string
  readonly name?: string
}

/**
 * Name of the first option with a value that is given twice without being declared `multiple`; `undefined` when there is none. Flags may be repeated.
 *
 * @param tokens - Of `parseArgs` with `tokens: true`.
 * @param options - The option declarations that `parseArgs` was given.
 */
export function repeatedOption(
  tokens: readonly OptionToken[],
  options: Readonly<Record<string, { readonly type: string; readonly multiple?: boolean | undefined }>>,
): string | undefined {
  const seen = new Set<string>()
  for (const { kind, name } of tokens) {
    const declared = kind === 'option' && name !== undefined ? options[name] : undefined
    if (name === undefined || declared?.type !== 'string' || declared.multiple) continue
    if (seen.has(name)) return name
    seen.add(name)
  }
  return undefined
}
