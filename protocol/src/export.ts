/**
 * File formats for exporting log entries, one or more lines each. The PDP's export stream and `mandate-audit export` share them.
 *
 * @module
 */
import { canonical } from './canonical.ts'
import { CSV_HEAD, csvRow } from './csv.ts'
import { ocsfEvent } from './ocsf.ts'
import type { LoggedEntry } from './query.ts'

/** A line-oriented export format. */
export interface ExportFormat {
  readonly mediaType: string
  /** File name extension, without the leading dot. */
  readonly extension: string
  /** Text before the first entry; empty when the format has no header line. */
  readonly head: string
  /** Serializes one entry, with its line end. */
  readonly line: (entry: LoggedEntry) => string
}

const jsonLine = (value: unknown): string => `${canonical(value)}\n`

/** Export formats by the name in `?format=`: JSON Lines of whole entries, CSV (RFC 4180) and OCSF events. */
export const EXPORT_FORMATS = {
  jsonl: { mediaType: 'application/jsonl', extension: 'jsonl', head: '', line: jsonLine },
  csv: { mediaType: 'text/csv', extension: 'csv', head: CSV_HEAD, line: csvRow },
  ocsf: {
    mediaType: 'application/jsonl',
    extension: 'ocsf.jsonl',
    head: '',
    line: (entry) => jsonLine(ocsfEvent(entry)),
  },
} as const satisfies Record<string, ExportFormat>
