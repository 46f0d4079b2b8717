/**
 * `mandate-audit export`: writes all matching entries as JSON Lines, CSV or OCSF, to a file or to standard output.
 *
 * @module
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { EXPORT_FORMATS, entryMatches } from '@mandate/protocol'
import { choiceObjection } from '@mandate/service/nearest-name'
import {
  type LogFilters,
  type LogLocation,
  type ParsedOptions,
  type ProcessIo,
  parseFilters,
  parseLocation,
  rejectPositionals,
  textOption,
  UsageError,
} from './command-line.ts'
import { requestPdp } from './pdp-client.ts'
import { loggedEntries } from './source.ts'
import { EXIT, SourceError } from './source-error.ts'

type Format = keyof typeof EXPORT_FORMATS

/** Progress is shown after every so many entries. */
const PROGRESS_INTERVAL = 1_000

/** Runs the command. Returns the exit code. */
export async function exportEntries(options: ParsedOptions, io: ProcessIo): Promise<number> {
  rejectPositionals(options)
  const format = textOption(options, 'format') ?? 'jsonl'
  const objection = choiceObjection(format, Object.keys(EXPORT_FORMATS))
  if (objection !== undefined) throw new UsageError(`--format: there is no format ${format}. ${objection}`)
  const location = await parseLocation(options, io.environment)
  const filters = parseFilters(options)
  const lines = withProgress(linesOf(location, format as Format, filters), io)
  const file = textOption(options, 'out')
  if (file === undefined) for await (const line of lines) io.out(line)
  else await writeFile(file, lines)
  return EXIT.ok
}

/** Yields the export in chunks of text: one entry per chunk from a directory, arbitrary chunks from a PDP. */
async function* linesOf(
  location: LogLocation,
  format: Format,
  { parameters, filter }: LogFilters,
): AsyncGenerator<string> {
  if ('directory' in location) {
    const { head, line } = EXPORT_FORMATS[format]
    if (head !== '') yield head
    for await (const entry of loggedEntries(location.directory)) if (entryMatches(entry, filter)) yield line(entry)
    return
  }
  // A signal that never aborts replaces the default timeout: an export has no maximum duration.
  const query = new URLSearchParams({ ...parameters, format })
  const request = { accept: EXPORT_FORMATS[format].mediaType, signal: new AbortController().signal }
  const { body } = await requestPdp(location.server, `/v1/decisions/export?${query}`, request)
  const decoder = new TextDecoder()
  try {
    for await (const chunk of body ?? []) yield decoder.decode(chunk, { stream: true })
  } catch (cause) {
    throw new SourceError(EXIT.unreachable, 'the export was interrupted: the output is incomplete', { cause })
  }
}

/** Passes lines through and shows how many entries were written. */
async function* withProgress(lines: AsyncIterable<string>, { progress }: ProcessIo): AsyncGenerator<string> {
  let count = 0
  let next = PROGRESS_INTERVAL
  for await (const line of lines) {
    for (let at = line.indexOf('\n'); at >= 0; at = line.indexOf('\n', at + 1)) count += 1
    if (count >= next) {
      progress?.(`${count.toLocaleString('en')} entries`)
      next = count + PROGRESS_INTERVAL
    }
    yield line
  }
  progress?.(undefined)
}

/** Writes a temporary file and renames it at the end, so that an incomplete export has another name. */
async function writeFile(file: string, lines: AsyncIterable<string>): Promise<void> {
  const temporary = `${file}.part`
  try {
    await pipeline(lines, createWriteStream(temporary, { mode: 0o600 }))
    await rename(temporary, file)
  } catch (cause) {
    await rm(temporary, { force: true })
    if (cause instanceof SourceError) throw cause
    throw new SourceError(EXIT.notFound, `${file} cannot be written`, { cause })
  }
}
