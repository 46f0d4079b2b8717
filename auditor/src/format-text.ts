/**
 * Plain text output of log entries. All text from a log is escaped for the terminal.
 *
 * @module
 */
import { type LoggedEntry, moneyText } from '@mandate/protocol'
import { escapeControls } from '@mandate/service/escape-controls'

export { escapeControls } from '@mandate/service/escape-controls'

const COLUMN_GAP = '  '
const MAX_CELL = 44

function verdict({ decision, kind }: LoggedEntry): string {
  if (decision === undefined) return kind
  return decision ? 'permit' : 'deny'
}

function cells(entry: LoggedEntry): readonly string[] {
  const reason = entry.reasons?.[0]?.code ?? entry.code ?? ''
  return [entry.at, verdict(entry), reason, entry.subject, entry.actor, entry.action, entry.resource, entry.id].map(
    (cell, at, all) => {
      const text = escapeControls(cell ?? '-')
      return text.length > MAX_CELL && at < all.length - 1 ? `${text.slice(0, MAX_CELL - 1)}…` : text
    },
  )
}

const HEADINGS = ['TIME', 'DECISION', 'REASON', 'SUBJECT', 'ACTOR', 'ACTION', 'RESOURCE', 'ID']

/** Formats entries as an aligned table, one line each. Long cells are truncated, except the id. */
export function formatTable(entries: readonly LoggedEntry[]): string {
  const rows = [HEADINGS, ...entries.map(cells)]
  const widths = HEADINGS.map((_, at) => rows.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), 0))
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(COLUMN_GAP)
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** Formats one entry on one line, unaligned: for a stream of entries. */
export function formatRow(entry: LoggedEntry): string {
  return cells(entry).join(COLUMN_GAP)
}

function chainLines({ chain, broken = [], owner, decision }: LoggedEntry): readonly string[] {
  if (!chain) return []
  const links = chain.length > 0 ? chain : broken
  const [first] = links
  if (!first) return [decision === false ? 'chain     none' : 'chain     none: in person']
  const lines = [
    chain.length > 0 ? 'chain' : 'chain     none was valid; the nearest was',
    `  ${first.delegator}${first.delegator === owner ? '  (owner)' : ''}`,
  ]
  for (const [at, link] of links.entries()) {
    const indent = '  '.repeat(at + 1)
    lines.push(
      `${indent}└─ grant ${link.grant}: ${link.actions.join(', ')} on ${link.scope} until ${link.expires_at}`,
      `${indent}   → ${link.delegate}`,
    )
  }
  return lines
}

function reasonLines({ reasons = [] }: LoggedEntry): readonly string[] {
  return reasons.map(({ code, gate, attribute, limit, actual, currency }) => {
    const shown = (value: number | string | undefined): string =>
      typeof value === 'number' && currency !== undefined ? moneyText(value, currency) : String(value ?? '?')
    const numbers = limit === undefined ? '' : `: ${attribute ?? 'actual'} ${shown(actual)}, limit ${shown(limit)}`
    return `reason    ${code}${gate === undefined ? '' : ` (gate ${gate})`}${numbers}`
  })
}

const FIELDS = [
  'subject',
  'actor',
  'caller',
  'persona',
  'action',
  'resource',
  'root',
  'owner',
  'target',
  'code',
] as const
const DETAILS = ['policy', 'model', 'consistency', 'round_trips', 'latency_ms', 'request_id', 'trace'] as const

function fieldLines(entry: LoggedEntry, names: readonly (keyof LoggedEntry)[]): readonly string[] {
  return names.flatMap((name) => (entry[name] === undefined ? [] : [`${name.padEnd(9)} ${String(entry[name])}`]))
}

/** When the decision was made, relative to its entry: other entries may have been logged in between. */
function asOfLine({ as_of, at, index }: LoggedEntry): readonly string[] {
  if (!as_of) return []
  const ms = Date.parse(at) - Date.parse(as_of.at)
  return [
    `decided   ${as_of.at}, ${ms} ms before it was recorded, when the log had ${as_of.position} entries (${index - as_of.position} came between)`,
  ]
}

/** An attribute. Money is logged in minor units, with the currency in the name: `price.EUR`. */
function attributeLine(name: string, value: unknown): string {
  const currency = name.split('.')[1]
  const money = currency !== undefined && typeof value === 'number' ? ` (${moneyText(value, currency)})` : ''
  return `attribute ${name} = ${value}${money}`
}

/** Formats one entry in full: outcome, parties, reasons, the chain as a tree, and its index in the log. */
export function formatEntry(entry: LoggedEntry): string {
  const attributes = Object.entries(entry.attributes ?? {}).map((attribute) => attributeLine(...attribute))
  const change = entry.change ? [`change    ${JSON.stringify(entry.change)}`] : []
  const lines = [
    `${verdict(entry).toUpperCase()}  ${entry.id}  ${entry.at}`,
    ...fieldLines(entry, FIELDS),
    ...reasonLines(entry),
    ...chainLines(entry),
    ...attributes,
    ...change,
    ...asOfLine(entry),
    ...fieldLines(entry, DETAILS),
    `index     ${entry.index}${entry.origin === undefined ? '' : ` in ${entry.origin}`}`,
  ]
  return `${lines.map(escapeControls).join('\n')}\n`
}
