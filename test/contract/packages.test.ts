/**
 * What would be published, used as a stranger would: in an empty folder outside of the workspace, with what its manifest asks for and
 * nothing else.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fetchTool } from '@mandate/stack'
import { publint } from 'publint'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiOf } from '../publish/api.ts'
import { type Packed, PUBLISHED, type Published, pack, root } from '../publish/pack.ts'

const run = promisify(execFile)
let folder: string
let packed: Record<Published, Packed>
/** Every package that an installation of the enforcement point brings, itself included. */
let installed: readonly string[]

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'mandate-stranger-')))
  const pairs: [Published, Packed][] = []
  for (const name of PUBLISHED) pairs.push([name, await pack(name, join(folder, 'packed'))])
  packed = Object.fromEntries(pairs) as typeof packed
  installed = await install(['@mandate/pep'])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** As npm would, from what the workspace has installed already: each package with its declared dependencies, and theirs. */
async function install(names: readonly string[]): Promise<readonly string[]> {
  const done = new Set<string>()
  const todo = names.map((name) => ({ name, from: root }))
  for (let next = todo.shift(); next; next = todo.shift()) {
    const { name, from } = next
    const target = join(folder, 'node_modules', name)
    if (done.has(name)) continue
    done.add(name)
    const own = PUBLISHED.find((one) => `@mandate/${one}` === name)
    const source = own ? packed[own].folder : sourceOf(name, from)
    mkdirSync(target, { recursive: true })
    if (own) await run('tar', ['-xzf', packed[own].tarball, '--strip-components=1', '-C', target])
    else cpSync(source, target, { recursive: true, dereference: true })
    const { dependencies = {} } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'))
    todo.push(...Object.keys(dependencies).map((dependency) => ({ name: dependency, from: source })))
  }
  return [...done].sort()
}

function sourceOf(name: string, from: string): string {
  const nested = join(from, 'node_modules', name)
  return existsSync(nested) ? nested : join(root, 'node_modules', name)
}

async function runsThere(file: string, code: string, node = process.execPath): Promise<string> {
  writeFileSync(join(folder, file), code)
  return (await run(node, [file], { cwd: folder })).stdout
}

/** What `npm test` runs on, and the oldest Node that the manifests promise. */
const NODES = [
  ['this Node', async () => process.execPath],
  ['Node 22', async () => join((await fetchTool('node22')).folder, 'node')],
] as const

test.for(PUBLISHED)('%s: its manifest is as registries and bundlers want it', async (name) => {
  const { messages } = await publint({ pkgDir: packed[name].folder, strict: true })
  expect(messages).toEqual([])
})

test.for(['protocol', 'mcp'] as const)('%s: packed again in another folder, it has the same bytes', async (name) => {
  const again = await pack(name, join(folder, 'packed again'))
  expect(hashOf(again.tarball)).toBe(hashOf(packed[name].tarball))
})

const hashOf = (file: string): string => createHash('sha512').update(readFileSync(file)).digest('hex')

test('the API documents say what the code says', () => {
  // Else: npm run publish:check -- --write
  expect(readFileSync(join(root, 'pep/API.md'), 'utf8')).toBe(apiOf(packed.pep.folder))
})

test('a service that installs it gets no server, and nothing of the workspace but the protocol and the service kit', () => {
  expect(installed.filter((name) => name.startsWith('@mandate/'))).toEqual([
    '@mandate/pep',
    '@mandate/protocol',
    '@mandate/service',
  ])
  const servers =
    /express|fastify|hono|nestjs|keycloak|openfga|^pg$|sqlite|pino|electron|chromedriver|vitest|typescript/u
  expect(installed.filter((name) => servers.test(name))).toEqual([])
})

test('no test, fixture or source is in it', async () => {
  const { stdout } = await run('tar', ['-tzf', packed.pep.tarball])
  const files = stdout.trim().split('\n')
  expect(files).toContain('package/dist/index.js')
  expect(files.filter((file) => /\.(?:test|fixture|harness)\.|(?<!\.d)\.ts$/u.test(file))).toEqual([])
})

/** The first use of Node 22 downloads it. */
const TIMEOUT_MS = 180_000

test.for(NODES)(
  'on %s, in an empty folder it decides, without any framework',
  { timeout: TIMEOUT_MS },
  async ([, nodeOf]) => {
    const code = `
    import { createPep } from '@mandate/pep'
    import { readEnvironment, createLimits } from '@mandate/pep/service'
    import { startTestIssuer, startTestPdp, answering } from '@mandate/pep/testing'
    const issuer = await startTestIssuer(), pdp = await startTestPdp()
    const credentials = { clientId: 'notes', clientSecret: 'secret' }
    const pep = createPep({ issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials })
    const headers = { authorization: 'Bearer ' + await issuer.sign({ aud: 'notes' }) }
    const ask = async () => (await pep.decide({ headers, action: 'read', resource: { type: 'note', id: 'n1' } })).permitted
    const first = await ask()
    pdp.answerWith(answering(() => ({ decision: false })))
    console.log(first, await ask(), typeof readEnvironment, typeof createLimits)
    await Promise.all([pep.close(), pdp.close(), issuer.close()])`
    expect(await runsThere('bare.mjs', code, await nodeOf())).toBe('true false function function\n')
  },
)

test('with Express it guards, and its types fit a strict service', async () => {
  await install(['express', '@types/express', '@types/node'])
  const service = readFileSync(join(root, 'pep/src/notes.fixture.ts'), 'utf8')
  writeFileSync(join(folder, 'notes.ts'), service)
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, ...options, 'notes.ts'], { cwd: folder })
  const code = `
    import { createNotes } from './notes.ts'
    const credentials = { clientId: 'notes', clientSecret: 'secret' }
    const { app, close } = createNotes({ issuer: 'http://127.0.0.1:9/realms/x', audience: 'notes', pdpUrl: 'http://127.0.0.1:9', credentials })
    const server = app.listen(0, '127.0.0.1', async () => {
      const response = await fetch('http://127.0.0.1:' + server.address().port + '/notes/n1')
      console.log(response.status)
      server.close()
      await close()
    })`
  expect(await runsThere('guarded.mjs', code)).toBe('401\n')
})

/** Names that examples take from the service around them. */
const PRELUDE = `
  type Pep = typeof import('@mandate/pep')
  declare const [clientSecret, issuer, pdpUrl, id]: readonly [string, string, string, string]
  declare const req: import('express').Request
  declare const res: import('express').Response
  declare const app: import('express').Express
  declare const pep: import('@mandate/pep').Pep
  declare const authzOf: Pep['authzOf']
  declare function createNotes(options: import('@mandate/pep').PepOptions): { app: import('express').Express }
  declare function share(id: string): Promise<void>
  declare function readKey(): Promise<string>
  declare function sendNotice(to: string, requestId: string): Promise<boolean>`
const FRAMEWORKS = [
  'fastify',
  'hono',
  '@hono/node-server',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
]
const PEERS = [
  'express',
  '@types/express',
  '@types/node',
  'reflect-metadata',
  'rxjs',
  'prom-client',
  '@opentelemetry/api',
  ...FRAMEWORKS,
]

/** Starts each framework's example with a test issuer and a test PDP, and prints what it answers: unknown caller, permit, denial, public route. */
const DRIVER = `
  import 'reflect-metadata'
  import { answering, startTestIssuer, startTestPdp } from '@mandate/pep/testing'
  const issuer = await startTestIssuer(), pdp = await startTestPdp()
  const options = { issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials: { clientId: 'notes', clientSecret: 'secret' } }
  Object.assign(process.env, { ISSUER: options.issuer, PDP_URL: options.pdpUrl, CLIENT_SECRET: 'secret' })
  const headers = { authorization: 'Bearer ' + await issuer.sign({ aud: 'notes' }), connection: 'close' }
  const show = async (name, port) => {
    const url = 'http://127.0.0.1:' + port
    const status = async (path, init = {}) => (await fetch(url + path, init)).status
    pdp.answerWith(answering(() => ({ decision: true })))
    const first = [await status('/notes/n1'), (await (await fetch(url + '/notes/n1', { headers })).json()).text]
    pdp.answerWith(answering(() => ({ decision: false })))
    console.log(name, ...first, await status('/notes/n1', { headers }), await status('/livez'))
  }
  const examples = Object.assign({}, ...await Promise.all(process.argv.slice(2).map((file) => import(file))))
  const listening = (server) => new Promise((resolve) => server.once('listening', () => resolve(server.address().port)))
  await show('express', await listening(examples.createNotes(options).app.listen(0, '127.0.0.1')))
  const fastify = examples.createFastifyNotes(options).app
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  await show('fastify', fastify.server.address().port)
  const { serve } = await import('@hono/node-server')
  await show('hono', await listening(serve({ fetch: examples.createHonoNotes(options).app.fetch, hostname: '127.0.0.1', port: 0 })))
  const { NestFactory } = await import('@nestjs/core')
  const nest = await NestFactory.create(examples.AppModule, { logger: false })
  await nest.listen(0, '127.0.0.1')
  await show('nest', nest.getHttpServer().address().port)
  process.exit()`

test('every example of the README compiles, and those of the frameworks run, also on Node 22', {
  timeout: TIMEOUT_MS,
}, async () => {
  await install(PEERS)
  const examples = [...readFileSync(join(root, 'pep/README.md'), 'utf8').matchAll(/```ts\n(.*?)\n```/gsu)]
  const readme = join(folder, 'readme')
  mkdirSync(readme)
  writeFileSync(join(readme, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(readme, 'prelude.d.ts'), PRELUDE)
  for (const [at, [, code]] of examples.entries())
    writeFileSync(join(readme, `example-${at}.ts`), `${code}\nexport {}\n`)
  const compilerOptions = {
    ...{ strict: true, skipLibCheck: true, module: 'nodenext', target: 'es2022', types: ['node'], outDir: 'out' },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
  }
  writeFileSync(join(readme, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', readme]).catch((error: unknown) => {
    throw new Error(`examples do not compile: ${(error as { readonly stdout?: string }).stdout}`)
  })
  const programs = examples.flatMap(([, code = ''], at) =>
    /export (?:class AppModule|function create\w*Notes)/u.test(code) ? [join(readme, 'out', `example-${at}.js`)] : [],
  )
  writeFileSync(join(readme, 'out', 'driver.js'), DRIVER)
  for (const [, nodeOf] of NODES) {
    const { stdout } = await run(await nodeOf(), [join(readme, 'out', 'driver.js'), ...programs], { cwd: folder })
    expect(stdout.trim().split('\n')).toEqual(
      ['express', 'fastify', 'hono', 'nest'].map((name) => `${name} 401 Buy bread 403 200`),
    )
  }
})

test.for(NODES)(
  'on %s, a tool server runs by the dependencies that it declares',
  { timeout: TIMEOUT_MS },
  async ([, nodeOf]) => {
    await install(['@mandate/mcp'])
    const code = `
    import { createToolServer, defineTool, toolResult } from '@mandate/mcp'
    import { createPep } from '@mandate/pep'
    import { answering, startTestIssuer, startTestPdp } from '@mandate/pep/testing'
    import { z } from 'zod'
    const issuer = await startTestIssuer(), pdp = await startTestPdp()
    pdp.answerWith(answering(() => ({ decision: false, context: { reason: 'no_grant', reasons: [] } })))
    const pep = createPep({ issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials: { apiKey: 'key' } })
    const tool = defineTool({
      name: 'read', description: 'Reads.', inputSchema: z.strictObject({}), action: 'read',
      resource: () => ({ type: 'note', id: 'n1' }), run: () => toolResult('read'),
    })
    const server = createToolServer({ name: 'notes', version: '1.0.0', pep, tools: [tool] })
    const authorization = 'Bearer ' + (await issuer.sign({ aud: 'notes' }))
    const headers = { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read' } })
    const authz = { subject: { type: 'user', id: 'carlo' }, azp: 'desktop', inPerson: true, requestId: 'r', expiresAt: 2e9 }
    const request = new Request('http://notes.example/mcp', { method: 'POST', headers, body })
    const answer = await server.fetch(request, { req: { authz }, authz })
    process.stdout.write(JSON.stringify((await answer.json()).result.structuredContent))
    await Promise.all([server.close(), pep.close(), pdp.close(), issuer.close()])
  `
    expect(JSON.parse(await runsThere('mcp.mjs', code, await nodeOf()))).toMatchObject({
      decision: false,
      reason: 'no_grant',
    })
  },
)
