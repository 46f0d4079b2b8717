/**
 * What would be published, used as a stranger would: in an empty folder outside of the workspace, with what its manifest asks for and
 * nothing else.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
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

async function runsThere(file: string, code: string): Promise<string> {
  writeFileSync(join(folder, file), code)
  return (await run(process.execPath, [file], { cwd: folder })).stdout
}

test.for(PUBLISHED)('%s: its manifest is as registries and bundlers want it', async (name) => {
  const { messages } = await publint({ pkgDir: packed[name].folder, strict: true })
  expect(messages).toEqual([])
})

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

test('in an empty folder it decides, without any framework', async () => {
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
  expect(await runsThere('bare.mjs', code)).toBe('true false function function\n')
})

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
