/**
 * Log entries as CSV (RFC 4180), one row each. Cells that a spreadsheet would evaluate as a formula are escaped, which changes their text: a
 * program, or a verification, uses the JSON Lines export.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4180.html RFC 4180}
 * @see {@link https://owasp.org/www-community/attacks/CSV_Injection CSV injection}
 * @module
 */
import { canonical } from './canonical.ts'
import type { LoggedEntry } from './query.ts'

/** Cell value of an entry in one column; `undefined` is an empty cell. */
type Column = (entry: LoggedEntry) => string | number | boolean | undefined

const json = (value: unknown): string | undefined => (value === undefined ? undefined : canonical(value))

/** By column name, in column order. */
const COLUMNS: Readonly<Record<string, Column>> = {
  origin: ({ origin }) => origin,
  index: ({ index }) => index,
  id: ({ id }) => id,
  at: ({ at }) => at,
  kind: ({ kind }) => kind,
  subject: ({ subject }) => subject,
  actor: ({ actor }) => actor,
  caller: ({ caller }) => caller,
  persona: ({ persona }) => persona,
  action: ({ action }) => action,
  resource: ({ resource }) => resource,
  root: ({ root }) => root,
  owner: ({ owner }) => owner,
  decision: ({ decision }) => (decision === undefined ? undefined : decision ? 'permit' : 'deny'),
  reasons: ({ reasons }) => reasons?.map(({ code }) => code).join(' '),
  chain: ({ chain }) =>
    chain?.map(({ grant, delegator, delegate }) => `${delegator} > ${delegate} (${grant})`).join('; '),
  attributes: ({ attributes }) => json(attributes),
  target: ({ target }) => target,
  change: ({ change }) => json(change),
  code: ({ code }) => code,
  status: ({ status }) => status,
  model: ({ model }) => model,
  policy: ({ policy }) => policy,
  consistency: ({ consistency }) => consistency,
  round_trips: ({ round_trips }) => round_trips,
  request_id: ({ request_id }) => request_id,
  trace: ({ trace }) => trace,
  latency_ms: ({ latency_ms }) => latency_ms,
  as_of: ({ as_of }) => json(as_of),
  withheld: ({ withheld }) => withheld?.join(' '),
}

/** Prefixes that spreadsheets evaluate as a formula, also after leading white space; full-width forms included. */
const FORMULA = /^[\s\p{Cf}]*[=+\-@＝＋－＠]|^[\t\r\n]/u

/** Serializes one cell: strings are quoted (RFC 4180, section 2), and a formula prefix is escaped with an apostrophe. */
export function csvCell(value: string | number | boolean | undefined): string {
  if (value === undefined) return ''
  if (typeof value !== 'string') return String(value)
  return `"${(FORMULA.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`
}

const line = (cells: readonly string[]): string => `${cells.join(',')}\r\n`

/** The header line, with CRLF. */
export const CSV_HEAD = line(Object.keys(COLUMNS).map(csvCell))

/** Serializes one entry as a CSV line, with CRLF. Columns as in {@link CSV_HEAD}. */
export function csvRow(entry: LoggedEntry): string {
  return line(Object.values(COLUMNS).map((column) => csvCell(column(entry))))
}
