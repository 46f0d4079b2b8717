/**
 * `mandate-audit export`: all that the filters find, as JSON Lines, CSV or OCSF, to a file or to standard output.
 *
 * @module
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { EXPORT_FORMATS, entryMatches } from '@mandate/protocol'
import type { GivenFilters } from './given.ts'
import {
  filtersOf,
  type Given,
  noPositionals,
  type Place,
  placeOf,
  type Surroundings,
  text,
  UsageError,
} from './given.ts'
import { ask, EXIT, SourceError } from './http.ts'
import { loggedEntries } from './source.ts'

type Format = keyof typeof EXPORT_FORMATS

/** How many entries are told of at once. */
const EVERY = 1_000

export async function exportEntries(given: Given, surroundings: Surroundings): Promise<number> {
  noPositionals(given)
  const format = text(given, 'format') ?? 'jsonl'
  if (!Object.hasOwn(EXPORT_FORMATS, format))
    throw new UsageError(`--format is ${Object.keys(EXPORT_FORMATS).join(', ')}`)
  const place = await placeOf(given, surroundings.environment)
  const filters = filtersOf(given)
  const lines = told(linesOf(place, format as Format, filters), surroundings)
  const file = text(given, 'out')
  if (file === undefined) for await (const line of lines) surroundings.out(line)
  else await write(file, lines)
  return EXIT.ok
}

async function* linesOf(place: Place, format: Format, { given, filter }: GivenFilters): AsyncGenerator<string> {
  if ('directory' in place) {
    const { head, line } = EXPORT_FORMATS[format]
    if (head !== '') yield head
    for await (const entry of loggedEntries(place.directory)) if (entryMatches(entry, filter)) yield line(entry)
    return
  }
  // An export takes as long as it takes: the connection ends it when the other side is gone.
  const query = new URLSearchParams({ ...given, format })
  const options = { accept: EXPORT_FORMATS[format].mediaType, signal: new AbortController().signal }
  const { body } = await ask(place.server, `/v1/decisions/export?${query}`, options)
  const decoder = new TextDecoder()
  try {
    for await (const chunk of body ?? []) yield decoder.decode(chunk, { stream: true })
  } catch (cause) {
    throw new SourceError(EXIT.unreachable, 'the export broke off: what was written is not all', { cause })
  }
}

/** Says now and then how far it is. */
async function* told(lines: AsyncIterable<string>, { progress }: Surroundings): AsyncGenerator<string> {
  let count = 0
  let next = EVERY
  for await (const line of lines) {
    for (let at = line.indexOf('\n'); at >= 0; at = line.indexOf('\n', at + 1)) count += 1
    if (count >= next) {
      progress?.(`${count.toLocaleString('en')} entries`)
      next = count + EVERY
    }
    yield line
  }
  progress?.(undefined)
}

/** A file that is cut short must not pass for a whole one. */
async function write(file: string, lines: AsyncIterable<string>): Promise<void> {
  const aside = `${file}.part`
  try {
    await pipeline(lines, createWriteStream(aside, { mode: 0o600 }))
    await rename(aside, file)
  } catch (cause) {
    await rm(aside, { force: true })
    if (cause instanceof SourceError) throw cause
    throw new SourceError(EXIT.notFound, `${file} cannot be written`, { cause })
  }
}
