/**
 * The process that `npm run bench -- hot` measures: a PDP as configured, or a bare server for comparison (`http`, `express`). Reports its
 * address and, when asked, its CPU time to its parent.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { parseConfig, startPdp } from '@mandate/pdp'
import express from 'express'
import { pino } from 'pino'
import { type Files, nodeFiles } from '../../../pdp/src/log/files.ts'
import type { CpuTime } from './main.ts'

const ANSWER = JSON.stringify({ decision: true, context: { padding: 'x'.repeat(900) } })

const overHttp: RequestListener = (req, res) => {
  void text(req).then((body) => {
    JSON.parse(body)
    res.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)
  })
}

const overExpress = express().use(express.json(), (_req, res) => {
  res.json(JSON.parse(ANSWER))
})

/** Writes and never syncs: the disk is not what is measured. */
const unsynced: Files = {
  ...nodeFiles(),
  create: async (path) => ({ ...(await nodeFiles().create(path)), sync: () => Promise.resolve() }),
}

async function listen(what: string | undefined): Promise<string> {
  if (what === 'pdp') {
    const { config } = parseConfig(process.env, (path) => readFileSync(path, 'utf8'))
    return (await startPdp(config, pino({ level: 'error' }), { logFiles: unsynced })).url
  }
  const server = createServer(what === 'http' ? overHttp : overExpress)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const sumOf = ({ user, system }: NodeJS.CpuUsage): number => user + system

process.on('message', () => {
  const used: CpuTime = { all: sumOf(process.cpuUsage()), mainThread: sumOf(process.threadCpuUsage()) }
  process.send?.(used)
})
process.on('disconnect', () => process.exit(0))
process.send?.({ url: await listen(process.argv[2]) })
