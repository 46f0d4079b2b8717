/**
 * The story that `npm start` tells, compared line by line; and what must survive it: a dead OpenFGA, a PDP killed, a byte edited.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { signIn } from '@mandate/desktop/sign-in'
import { formBrowser } from '@mandate/keycloak'
import { type StoryResult, tellStory } from '@mandate/stack'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStack, type TestStack } from '../setup/e2e.ts'

const run = promisify(execFile)
const AUDITOR = new URL('../../auditor/src/main.ts', import.meta.url).pathname
let stack: TestStack
let told: StoryResult
const lines: string[] = []
const tokens = new Set<string>()

const story = (): Promise<StoryResult> =>
  tellStory({ issuer: stack.issuer, urls: stack.urls, people: stack.people, out: (line) => void lines.push(line) })

/** `mandate-audit verify` of a directory: exit code and all it said. */
async function verify(dir: string): Promise<{ readonly code: number; readonly said: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [AUDITOR, 'verify', '--dir', dir, '--key', stack.key])
    return { code: 0, said: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as {
      readonly code: number
      readonly stdout: string
      readonly stderr: string
    }
    return { code, said: stdout + stderr }
  }
}

interface Asked {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly retryAfter: string | null
}

/** Somebody's questions to a service, with a real token for it. */
async function enter(
  name: string,
): Promise<(service: 'pdp' | 'trips', method: string, path: string, body?: unknown) => Promise<Asked>> {
  const login = stack.people[name] ?? expect.unreachable(name)
  const session = await signIn({
    issuer: stack.issuer,
    clientId: 'desktop',
    scopes: ['pdp', 'trips'],
    openBrowser: formBrowser(login),
  })
  return async (service, method, path, body) => {
    const token = await session.tokenFor(service)
    tokens.add(token)
    const response = await fetch(stack.urls[service] + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'mandate-persona': 'traveler/family',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text ? JSON.parse(text) : {},
      retryAfter: response.headers.get('retry-after'),
    }
  }
}

beforeAll(async () => {
  stack = await startTestStack()
  told = await story()
})
afterAll(() => stack?.stop())

test('the agent is permitted dinner and flight and denied the hotel, item by item, on one chain', () => {
  const { carlo, yannick } = told.people
  const chain = [`user:${carlo}`, `user:${yannick}`, 'agent:booking-agent']
  expect(told.rows.slice(0, 3)).toMatchObject([
    { item: 'dinner', decision: true, reasons: ['delegated'], chain },
    { item: 'flight', decision: true, reasons: ['delegated'], chain },
    { item: 'hotel', decision: false, reasons: ['price_above_limit'], chain },
  ])
  expect(lines.join('\n')).toContain('price_above_limit: 4,200.00 EUR, limit 4,100.00 EUR')
})

test('a stranger gets nothing, and neither does the agent for him', () => {
  const strangers = told.rows.filter(({ who }) => who === 'Sam')
  expect(strangers.map(({ reasons }) => reasons[0])).toEqual(['no_grant', 'no_grant', 'forbidden', 'forbidden'])
  expect(told.rows.filter(({ who }) => who === 'agent for Sam')).toMatchObject([
    { decision: false, reasons: ['not_on_behalf'] },
  ])
})

test('revoking the first grant ends the agent’s, which nobody touched', () => {
  expect(told.rows.at(-1)).toMatchObject({ who: 'agent for Yannick', decision: false, reasons: ['grant_revoked'] })
})

test('every row that was decided has an evaluation id of its own', () => {
  const ids = told.rows.filter(({ reasons }) => reasons[0] !== 'forbidden').map(({ evaluationId }) => evaluationId)
  expect(ids.every((id) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(id))).toBe(true)
  expect(new Set(ids).size).toBe(ids.length)
})

test('the story can be told again on what the first one left', async () => {
  expect((await story()).rows.map(({ reasons }) => reasons)).toEqual(told.rows.map(({ reasons }) => reasons))
})

test('the log verifies with its pinned key', async () => {
  expect(await verify(stack.log)).toMatchObject({ code: 0, said: expect.stringContaining('OK') })
})

test('with OpenFGA stopped only what is in memory is decided: else 503, Retry-After, an entry; started again, it goes on', async () => {
  const carlo = await enter('carlo')
  const known = () => carlo('trips', 'GET', `/workflows/${told.workflow}`)
  // No decision has asked for it, so memory does not hold that it is absent.
  const ask = () => carlo('trips', 'GET', '/workflows/01K00000000000000000000001')
  expect(await known()).toMatchObject({ status: 200 })
  await stack.openFga.kill()
  // Nothing can change meanwhile: every change is a Write to OpenFGA.
  expect(await known()).toMatchObject({ status: 200 })
  const answer = await ask()
  expect(answer).toMatchObject({ status: 503, body: { code: 'decision_unavailable' } })
  expect(answer.retryAfter).toMatch(/^\d+$/)
  const readyz = await fetch(`${stack.urls.pdp}/readyz`)
  expect(readyz.status).toBe(503)
  await stack.openFga.restart()
  await expect.poll(async () => (await ask()).status).toBe(403)
  const { stdout } = await run(process.execPath, [AUDITOR, 'query', '--dir', stack.log, '--kind', 'fault', '--json'])
  expect(stdout).toContain('"code":"relations_unavailable"')
})

test('a PDP killed with -9 under load has every decision that was answered in its log, which verifies', async () => {
  const pdp = stack.services.pdp ?? expect.unreachable('no PDP')
  const carlo = await enter('carlo')
  const question = {
    subject: { type: 'user', id: told.people.carlo, properties: { persona: 'traveler/family' } },
    action: { name: 'read' },
    resource: { type: 'workflow', id: told.workflow },
  }
  const answered: string[] = []
  const ask = async (): Promise<void> => {
    for (;;) {
      const { status, body } = await carlo('pdp', 'POST', '/access/v1/evaluation', question)
      if (status === 429) continue
      answered.push((body as { readonly context: { readonly evaluation_id: string } }).context.evaluation_id)
    }
  }
  const load = Promise.allSettled(Array.from({ length: 8 }, ask))
  await expect.poll(() => answered.length).toBeGreaterThan(40)
  await pdp.kill('SIGKILL')
  await load
  await pdp.restart()
  const { stdout } = await run(process.execPath, [AUDITOR, 'query', '--dir', stack.log, '--json', '--limit', '1000'], {
    maxBuffer: 1e8,
  })
  const logged = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).id)
  const seen = logged.filter((id) => answered.includes(id))
  expect(seen.length).toBe(answered.length)
  expect(new Set(seen).size).toBe(answered.length)
  expect(await verify(stack.log)).toMatchObject({ code: 0 })
})

test('one edited byte of the log: verify names the entry and exits 1', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'mandate-edited-'))
  try {
    cpSync(stack.log, copy, { recursive: true })
    const bundle =
      filesBelow(join(copy, 'tile', 'entries')).toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? ''
    const bytes = readFileSync(bundle)
    const at = bytes.indexOf('"round_trips":') + '"round_trips":'.length
    const id = bytes
      .subarray(0, at)
      .toString('latin1')
      .match(/"id":"[0-9A-Z]{26}"/g)
      ?.at(-1)
      ?.slice(6, 32)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(bundle, bytes)
    const { code, said } = await verify(copy)
    expect(code).toBe(1)
    expect(said).toContain(id)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})

test('no token, password, login name or sub is in any log, entry, tuple or state of the PDP', async () => {
  const secrets = [
    ...tokens,
    ...Object.values(stack.people).flatMap(({ password, totpSecret }) => [password, totpSecret ?? password]),
  ]
  const subs = Object.values(told.people)
  const entries = filesBelow(stack.log)
  const logs = Object.values(stack.services).map(({ logFile }) => logFile)
  expect(entries.length).toBeGreaterThan(3)
  for (const file of [
    ...entries,
    ...logs,
    ...filesBelow(join(stack.log, '..')),
    ...filesBelow(join(stack.log, '../../openfga')),
  ]) {
    const text = readFileSync(file).toString('latin1')
    for (const secret of secrets) expect(text.includes(secret), `${file} holds a secret`).toBe(false)
    // The vault is the one place where a sub may stand.
    if (/pdp\.db/.test(file)) continue
    for (const sub of subs) expect(text.includes(sub), `${file} holds a sub`).toBe(false)
    for (const name of ['carlo', 'yannick']) expect(text.includes(name), `${file} holds a name`).toBe(false)
  }
})

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .sort()
}
