/**
 * Entries as a file, line after line: what each format is, for the PDP that streams it and the auditor who writes it from a copied log.
 *
 * @module
 */
import { canonical } from './canonical.ts'
import { CSV_HEAD, csvRow } from './csv.ts'
import { ocsfEvent } from './ocsf.ts'
import type { LoggedEntry } from './query.ts'

export interface ExportFormat {
  readonly mediaType: string
  /** Of the file's name. */
  readonly extension: string
  /** What comes first. */
  readonly head: string
  /** An entry, with its line's end. */
  readonly line: (entry: LoggedEntry) => string
}

const jsonLine = (value: unknown): string => `${canonical(value)}\n`

/** By the name that is asked for. */
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
