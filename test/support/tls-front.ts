/**
 * TLS proxy with client certificates (mTLS) in front of a server without them; forwards requests unchanged.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ROOT } from './compose-file.ts'

export interface TlsFront {
  readonly url: string
  stop(): Promise<void>
}

/** Creates a certificate authority in a folder, and a certificate for each name. */
export function makeCertificates(folder: string, ...names: readonly string[]): void {
  execFileSync(join(ROOT, 'deploy/make-certificates.sh'), [folder, ...names], { stdio: 'pipe' })
}

/** Starts the proxy. @param folder - Written by {@link makeCertificates}, with a certificate for `name`. */
export async function startTlsFront(target: string, folder: string, name: string): Promise<TlsFront> {
  const { hostname, port } = new URL(target)
  const read = (file: string) => readFileSync(join(folder, file))
  const tls = { cert: read(`${name}.pem`), key: read(`${name}.key`), ca: read('ca.pem'), requestCert: true }
  const server = createServer({ ...tls, rejectUnauthorized: true }, (req, res) => {
    const { method, url: path, headers } = req
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy())
    req.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
