/**
 * `npm run serve` as its users run it: a process, an address, a key.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from '@mandate/stack'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { packFolder } from '../fixtures/packs.ts'

const SERVE = fileURLToPath(new URL('../../stack/src/serve.ts', import.meta.url))

/** Without Go, OpenFGA and a cache of it. */
const BARE = { PATH: '', HOME: '/nowhere' }

const run = (args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess =>
  spawn(process.execPath, [SERVE, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })

interface Ended {
  readonly code: number
  readonly said: string
}

const ended = (...args: readonly string[]): Promise<Ended> => endedIn(process.env, ...args)

/** How it ended, and what it said. */
async function endedIn(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ended> {
  const child = run(args, env)
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const [code] = await once(child, 'close')
  return { code: Number(code), said }
}

describe.for([
  ['without any other program, which is the default', [], BARE],
  ['with --engine openfga', ['--engine', 'openfga'], process.env],
] as const)('the certification pack %s', ([, engine, env]) => {
  let child: ChildProcess
  let url = ''
  let key = ''
  beforeAll(async () => {
    child = run(['--pack', packFolder('certification'), ...engine], env)
    if (!child.stdout) throw new Error('no output')
    for await (const line of createInterface({ input: child.stdout })) {
      ;[, url = '', key = ''] = /^url=(\S+) key=(mk_\S+)$/.exec(line) ?? []
      break
    }
  })
  afterAll(() => {
    child?.kill('SIGKILL')
  })
  const ask = (authorization: string, body: object) =>
    fetch(`${url}/access/v1/evaluation`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const question = (id: string, name: string, of: string) => ({
    subject: { type: 'user', id },
    action: { name },
    resource: { type: 'record', id: of },
  })

  test('the fixture answers to the key that was printed', async () => {
    for (const [who, name, of, decision] of [
      ['alice', 'write', 'record-1', true],
      ['bob', 'write', 'record-1', false],
      ['bob', 'write', 'record-2', true],
    ] as const) {
      const answer = await ask(`Bearer ${key}`, question(who, name, of))
      expect([answer.status, (await answer.json()).decision]).toEqual([200, decision])
    }
  })

  test('whoever has no key gets nothing: a made up one, a token of any issuer', async () => {
    const jwt = `${btoa('{"alg":"RS256","kid":"x","typ":"at+jwt"}')}.${btoa('{"sub":"a"}')}.c2ln`.replaceAll('=', '')
    for (const bad of ['mk_none', 'nonsense', jwt])
      expect((await ask(`Bearer ${bad}`, question('alice', 'read', 'record-1'))).status).toBe(401)
  })

  test('Ctrl-C ends it with 0, and what it started with it', async () => {
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
    await expect(fetch(url)).rejects.toThrow()
  })
})

interface Served {
  readonly url: string
  readonly playground: string
  readonly told: string
}

/** Starts it, and resolves when it is up; what it printed on standard error is complete then. */
async function served(...args: readonly string[]): Promise<Served> {
  const child = run(args, BARE)
  onTestFinished(() => void child.kill('SIGKILL'))
  let told = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    told += chunk.toString()
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout ?? expect.unreachable() }))
    if (lines.push(line) === 2) break
  const [, url = '', playground = ''] = /^url=(\S+) key=\S+\nplayground=(\S+)$/.exec(lines.join('\n')) ?? []
  return { url, playground, told }
}

/** The request of a printed curl command, sent. */
async function sendCurl(command: string) {
  const [, url = '', key = '', body = ''] =
    /curl -s (\S+) -H 'authorization: (.+?)' .* \\\n +-d '(.+)'/.exec(command) ?? []
  const headers = { authorization: key, 'content-type': 'application/json' }
  return (await fetch(url, { method: 'POST', headers, body })).json()
}

describe('what cases.yaml declares, and the given of a case, exists', () => {
  test('the printed requests are permitted and denied as printed, through a chain of grants', async () => {
    const { url, told } = await served('--pack', packFolder('expenses'), '--case', "manager's agent")
    expect(told).toContain('"given" of the case: a manager\'s agent approves what is small and recent')
    const [, permitted = '', denied = ''] = told.split('A request that is ')
    expect([permitted.split(' ')[0], denied.split(' ')[0]]).toEqual(['permitted', 'denied'])
    expect(permitted).toContain(url)
    const answer = await sendCurl(permitted)
    expect(answer).toMatchObject({
      decision: true,
      context: { reason: 'delegated', owner: 'user:emma', owner_persona: 'employee/sales' },
    })
    const grants = answer.context.chain.map(({ grant }: { readonly grant: string }) => grant)
    expect(grants).toHaveLength(2)
    for (const id of grants) expect(told).toMatch(new RegExp(`${id} .*approve .*expense_report:october`))
    expect(await sendCurl(denied)).toMatchObject({ decision: false, context: { reason: 'amount_above_limit' } })
  })

  test('the playground has the pack, at the port that was asked for', async () => {
    const port = await freePort()
    const { playground } = await served('--pack', packFolder('lab-orders'), '--playground-port', String(port))
    expect(playground).toBe(`http://127.0.0.1:${port}/playground`)
    const pack = await (await fetch(`${playground}/api/pack`)).json()
    expect(pack).toMatchObject({ name: 'lab-orders', texts: { 'cases.yaml': expect.stringContaining('people:') } })
  })

  test('the first case is the default, and --no-cases leaves all of it out', async () => {
    const first = await served('--pack', packFolder('lab-orders'))
    expect(first.told).toContain('"given" of the case: an agent releases small samples in time')
    const none = await served('--pack', packFolder('lab-orders'), '--no-cases')
    expect(none.told).not.toContain('cases.yaml')
    expect(none.url).toMatch(/^http:/)
  })

  test('a case that does not exist is wrong usage, and the names are listed', async () => {
    const { code, said } = await ended('--pack', packFolder('expenses'), '--case', 'no such')
    expect(code).toBe(64)
    expect(said).toMatch(/no case of expenses has "no such" in its name; there are:\n {2}employees hand in/)
    expect((await ended('--pack', 'x', '--case', 'y', '--no-cases')).code).toBe(64)
  })

  test('a step that the PDP refuses is named by its line', async () => {
    const pack = mkdtempSync(join(tmpdir(), 'mandate-pack-'))
    onTestFinished(() => rmSync(pack, { recursive: true }))
    cpSync(packFolder('lab-orders'), pack, { recursive: true })
    const file = join(pack, 'cases.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('from: dora, to: courier', 'from: dora, to: dora'))
    const { code, said } = await ended('--pack', pack)
    expect(code).toBe(78)
    expect(said).toMatch(/cases\.yaml:16: POST \/v1\/grants was refused: 4\d\d/)
  })
})

test('wrong usage is 64 and says how it is meant', async () => {
  const { code, said } = await ended()
  expect(code).toBe(64)
  expect(said).toMatch(/--pack: name the folder/)
  expect((await ended('--pack', 'x', '--port', '70000')).said).toMatch(/70000 is not a port/)
  expect((await ended('--pack', 'x', '--engine', 'memory')).said).toMatch(/memory is not one of embedded, openfga/)
})

test('production refuses the embedded engine, and says which one to use', async () => {
  const { code, said } = await endedIn({ ...BARE, NODE_ENV: 'production' }, '--pack', packFolder('certification'))
  expect(code).toBe(78)
  expect(said).toMatch(/NODE_ENV: .*--engine openfga/)
})

test('a misspelt NODE_ENV does not count as development', async () => {
  const { code, said } = await endedIn({ ...BARE, NODE_ENV: 'Production' }, '--pack', packFolder('certification'))
  expect([code, said]).toEqual([78, expect.stringMatching(/NODE_ENV: .*"production"/u)])
})

test('a model that only OpenFGA can evaluate is refused, and says which engine to use', async () => {
  const pack = mkdtempSync(join(tmpdir(), 'mandate-pack-'))
  onTestFinished(() => rmSync(pack, { recursive: true }))
  cpSync(packFolder('certification'), pack, { recursive: true })
  const file = join(pack, 'model.fga')
  writeFileSync(file, readFileSync(file, 'utf8').replace('resource_status == "active"', 'resource_status.matches("a")'))
  const { code, said } = await ended('--pack', pack)
  expect(code).toBe(78)
  expect(said).toMatch(/condition on_active: .*--engine openfga/)
})

test('facts that cannot be are named by file and line before anything is started', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-facts-'))
  try {
    const file = join(dir, 'bad.yaml')
    writeFileSync(
      file,
      'domain: certification\nfacts:\n  - { subject: { type: user, id: "a\\0b" }, relation: reader }\n',
    )
    const { code, said } = await ended('--pack', packFolder('certification'), '--facts', file)
    expect(code).toBe(78)
    expect(said).toMatch(/bad\.yaml:3: facts\.0/)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('a fact that the model has no place for is named by file and line, whichever request it goes with', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-facts-'))
  try {
    const file = join(dir, 'odd.yaml')
    const fact = (id: number, relation: string) =>
      `  - { subject: { type: user, id: u${id} }, relation: ${relation}, resource: { type: record, id: r } }\n`
    const good = Array.from({ length: 41 }, (_, id) => fact(id, 'reader')).join('')
    writeFileSync(file, `domain: certification\nfacts:\n${good}${fact(41, 'can_reed')}`)
    const { code, said } = await ended('--pack', packFolder('certification'), '--facts', file)
    expect(code).toBe(78)
    expect(said).toMatch(
      /odd\.yaml:44: facts\.41\.relation: the model of certification has no relation record#can_reed/,
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('a folder that is no pack is named', async () => {
  const { code, said } = await ended('--pack', join(tmpdir(), 'no-such-pack'))
  expect(code).toBe(78)
  expect(said).toMatch(/no-such-pack is not there: name the folder of a pack, with model\.fga/)
})
