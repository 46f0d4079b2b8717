/**
 * Output of commands: JSON for programs, tables and lines for people.
 *
 * @module
 */
import { escapeControls, jsonLine } from './escape.ts'
import type { Io } from './io.ts'

const GAP = '  '

/** Prints the value as JSON on one line with `--json`, and otherwise the lines of `text`; control characters are escaped in both. */
export function print(io: Io, { json }: { readonly json?: true }, value: unknown, text: () => readonly string[]): void {
  if (json) io.out(jsonLine(value))
  else printLines(io, text())
}

/** Prints lines as text: they may quote what others wrote. */
export function printLines(io: Io, lines: readonly string[]): void {
  for (const line of lines) io.out(`${escapeControls(line)}\n`)
}

/** Lines of an aligned table. @param rows - Cells; `undefined` is shown as `-`. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): readonly string[] {
  const all = [headings, ...rows.map((row) => row.map((cell) => cell || '-'))]
  const widths = headings.map((_, at) => all.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 0))
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  )
}

/** Lines of names and values; members that are `undefined` are left out. */
export function fields(values: Readonly<Record<string, string | undefined>>): readonly string[] {
  const shown = Object.entries(values).filter(([, value]) => value !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}${GAP}${value}`)
}

/** The instant that the PDP has for an open end. */
const OPEN_END = '9999-'

/** An instant in whole minutes, UTC: `2026-11-28 09:15 UTC`. `no end` for the PDP's open end. */
export function minuteText(instant: string): string {
  if (instant.startsWith(OPEN_END)) return 'no end'
  return `${new Date(instant).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

const LABEL_WIDTH = 10

/** A line of an explanation: what it is about, and the text. */
export const labelled = (label: string, text: string): string => `${label.padEnd(LABEL_WIDTH)}${text}`
