/**
 * `mandate-audit query` and `show`.
 *
 * @module
 */
import {
  hasFlag,
  type ParsedOptions,
  type ProcessIo,
  parseDecisionId,
  parseFilters,
  parseLimit,
  parseLocation,
  rejectPositionals,
} from './command-line.ts'
import { formatEntry, formatTable } from './format-text.ts'
import { requireKnownNames } from './known-names.ts'
import { directorySource, httpSource, type Source } from './source.ts'
import { EXIT, SourceError } from './source-error.ts'

const MAX_LIMIT = 1_000_000
const DEFAULT_LIMIT = 50

/** Lists entries. When none matches, a name that nothing has is a wrong command line rather than an empty answer. */
export async function query(options: ParsedOptions, { out, err, environment }: ProcessIo): Promise<number> {
  rejectPositionals(options)
  const filters = parseFilters(options)
  const most = parseLimit(options, MAX_LIMIT) ?? DEFAULT_LIMIT
  const location = await parseLocation(options, environment)
  const { entries, total } = await sourceAt(location).query({ ...filters, limit: most })
  if (total === 0) await requireKnownNames(filters.parameters, location)
  if (hasFlag(options, 'json')) {
    for (const entry of entries) out(`${JSON.stringify(entry)}\n`)
    return EXIT.ok
  }
  if (entries.length > 0) out(formatTable(entries))
  err(`${entries.length} of ${total}\n`)
  return EXIT.ok
}

/** Prints one entry. */
export async function show(options: ParsedOptions, { out, environment }: ProcessIo): Promise<number> {
  const id = parseDecisionId(options, 'show')
  const entry = await sourceAt(await parseLocation(options, environment)).show(id)
  if (!entry) throw new SourceError(EXIT.notFound, `there is no decision ${id}`)
  out(hasFlag(options, 'json') ? `${JSON.stringify(entry)}\n` : formatEntry(entry))
  return EXIT.ok
}

function sourceAt(location: Awaited<ReturnType<typeof parseLocation>>): Source {
  if ('directory' in location) return directorySource(location.directory)
  return httpSource(location.server.bases, location.server.token)
}
