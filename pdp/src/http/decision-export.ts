/**
 * `GET /v1/decisions/export` (rule L8): streams every entry that matches a query, page by page, with backpressure.
 *
 * @module
 */
import { decisionExportSchema, EXPORT_FORMATS, type ExportFormat } from '@mandate/protocol'
import type { RequestHandler, Response } from 'express'
import type { EntryIndex, IndexPage } from '../ports/log.ts'
import type { Recorder } from '../ports/recorder.ts'
import { principalOf } from './exchange.ts'
import { parse } from './parse.ts'
import { readingBy } from './reading.ts'
import type { OpenStreams } from './streams.ts'

/** Entries per page of the index. */
const PAGE = 500

export interface ExportDeps {
  readonly index: EntryIndex
  readonly record: Recorder
  readonly streams: OpenStreams
}

/** Creates the handler. It throws a Fault before the first byte; a later failure cuts the response off. */
export function exportRoute({ index, record, streams }: ExportDeps): RequestHandler {
  return async (req, res) => {
    const by = principalOf(res)
    const { format: name, ...filter } = parse(decisionExportSchema, req.query)
    const entries = readingBy(index, by)
    const format: ExportFormat = EXPORT_FORMATS[name]
    const end = await streams.enter(res)
    const read = (cursor?: string): Promise<IndexPage> => entries.query({ ...filter, limit: PAGE, cursor })
    const first = await read()
    const change = { as: name, found: first.total }
    await record([{ kind: 'log_read', caller: by.name, ...by.origin, change }])
    begin(res, format, first.total)
    if (req.method === 'HEAD') {
      res.end()
      return
    }
    if (await sendPages(format, first, read, (piece) => streams.send(res, piece, end))) res.end()
    else res.destroy()
  }
}

function begin(res: Response, { mediaType, extension }: ExportFormat, total: number): void {
  res.status(200)
  res.set({
    'content-type': `${mediaType}; charset=utf-8`,
    'content-disposition': `attachment; filename="decisions.${extension}"`,
    'x-total-count': String(total),
    'x-accel-buffering': 'no',
  })
}

/** Sends every page. @returns `false` when the stream ended early. */
async function sendPages(
  { head, line }: ExportFormat,
  first: IndexPage,
  read: (cursor: string) => Promise<IndexPage>,
  send: (piece: string) => Promise<boolean>,
): Promise<boolean> {
  let page = first
  let text = head
  for (;;) {
    text += page.entries.map(line).join('')
    if (text !== '' && !(await send(text))) return false
    if (page.nextCursor === undefined) return true
    text = ''
    page = await read(page.nextCursor)
  }
}
