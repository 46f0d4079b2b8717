/**
 * The window with a played main process, built and served to a real Chromium with the very headers that the product has.
 *
 * @module
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { pageHeaders, readPage } from '@mandate/desktop/shell/page'
import { runCommand } from '@mandate/stack'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const VITE = here('../../node_modules/vite/bin/vite.js')
const CONFIG = here('../../desktop/renderer/dev/vite.config.ts')

export interface PlayedPage {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** @param folder - Where it is built to. */
export async function servePlayed(folder: string): Promise<PlayedPage> {
  await runCommand(process.execPath, [VITE, 'build', '--config', CONFIG, '--logLevel', 'warn', '--outDir', folder])
  const files = readPage(folder)
  const headers = pageHeaders('nowhere')
  const server = createServer((req, res) => {
    const file = files.get(new URL(req.url ?? '/', 'http://localhost').pathname)
    if (file) res.writeHead(200, { ...headers, 'content-type': file.type }).end(file.bytes)
    else res.writeHead(404, headers).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()))
        server.closeAllConnections()
      }),
  }
}
