/**
 * The audit of `npm run supply-chain`, with npm itself and a registry on loopback that answers as real ones do.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { audit } from '../supply-chain/audit.ts'
import { exitCodeOf, report } from '../supply-chain/outcome.ts'

const BULK = '/-/npm/v1/security/advisories/bulk'
const ADVISORY = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-xvch-5gv4-984h',
  title: 'Prototype pollution',
  severity: 'critical',
  vulnerable_versions: '<9',
}

type Bulk = Readonly<Record<string, readonly string[]>>

/** @param advise - The packages with an advisory, or how else the request is answered. */
async function registry(advise: readonly string[] | ((res: ServerResponse) => void)): Promise<string> {
  const server = createServer((req, res) => void answer(req, res))
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { url = '', headers } = req
    if (url !== BULK) {
      // npm reads which versions there are, to tell which are vulnerable.
      const name = url.slice(1)
      const versions = { '0.0.8': { name, version: '0.0.8' } }
      return void res.end(JSON.stringify({ name, 'dist-tags': { latest: '0.0.8' }, versions }))
    }
    const body = await text(headers['content-encoding'] === 'gzip' ? req.pipe(createGunzip()) : req)
    if (typeof advise === 'function') return advise(res)
    const asked = Object.keys(JSON.parse(body) as Bulk).filter((name) => advise.includes(name))
    res.end(JSON.stringify(Object.fromEntries(asked.map((name) => [name, [ADVISORY]]))))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/`
}

/** A project that needs `left` at run time and `right` in development, audited at a registry. */
async function auditAt(url: string) {
  const folder = mkdtempSync(join(tmpdir(), 'mandate-audited-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const manifest = { name: 'a', version: '1.0.0', dependencies: { left: '0.0.8' }, devDependencies: { right: '0.0.8' } }
  const packages = {
    '': manifest,
    'node_modules/left': { version: '0.0.8' },
    'node_modules/right': { version: '0.0.8', dev: true },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...manifest, lockfileVersion: 3, packages }))
  return audit(folder, { ...process.env, npm_config_registry: url, npm_config_cache: join(folder, 'cache') })
}

test('a registry without the endpoint: NOT RUN, exit code 69', async () => {
  const outcome = await auditAt(await registry((res) => void res.writeHead(405, { allow: 'GET,HEAD' }).end()))
  expect(outcome).toMatchObject({ state: 'not run', lines: [expect.stringMatching(/^405 Method Not Allowed/u)] })
  expect(exitCodeOf([{ ...outcome, state: 'passed' }, outcome])).toBe(69)
  expect(report(outcome, true)).toContain('\u001B[31mNOT RUN\u001B[39m')
})

test('a registry without an advisory for a known vulnerable version: NOT RUN', async () => {
  const outcome = await auditAt(await registry([]))
  expect(outcome).toMatchObject({
    state: 'not run',
    lines: [expect.stringMatching(/no advisory for minimist 0\.0\.8/u)],
  })
})

test('a registry that does not answer: NOT RUN', async () => {
  const outcome = await auditAt('http://127.0.0.1:9/')
  expect(outcome.state).toBe('not run')
})

test('advisories for what runs fail, those for development do not', async () => {
  expect(await auditAt(await registry(['minimist', 'right']))).toMatchObject({ state: 'passed', lines: [] })
  const outcome = await auditAt(await registry(['minimist', 'left']))
  expect(outcome).toMatchObject({ state: 'failed', lines: [expect.stringMatching(/^left .*: critical: Prototype/u)] })
  expect(exitCodeOf([outcome])).toBe(1)
})
