import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readPage } from './page.ts'
import { servePage } from './protocol.ts'

let folder: string
let answer: ReturnType<typeof servePage>

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mandate-page-'))
  mkdirSync(join(folder, 'page/assets'), { recursive: true })
  writeFileSync(join(folder, 'page/index.html'), '<!doctype html><title>Mandate</title>')
  writeFileSync(join(folder, 'page/assets/app.js'), 'export {}')
  writeFileSync(join(folder, 'page/assets/app.js.map'), '{}')
  writeFileSync(join(folder, 'outside.js'), 'outside')
  answer = servePage(readPage(join(folder, 'page')))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.for([
  ['app://mandate/', 'text/html; charset=utf-8'],
  ['app://mandate/assets/app.js', 'text/javascript; charset=utf-8'],
] as const)('%s is served as %s, with the policy', async ([url, type]) => {
  const { status, headers } = answer({ url, method: 'GET' })
  expect([status, headers.get('content-type')]).toEqual([200, type])
  expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
})

test.for([
  ['a way out', 'app://mandate/../outside.js'],
  ['a way out, encoded', 'app://mandate/%2e%2e%2foutside.js'],
  ['a way out, encoded twice', 'app://mandate/assets/%252e%252e/%252e%252e/outside.js'],
  ['a way out by backslashes', 'app://mandate/assets\\..\\..\\outside.js'],
  ['a way from the root of the disk', 'app://mandate//etc/passwd'],
  ['a folder', 'app://mandate/assets/'],
  ['a kind of file that no page needs', 'app://mandate/assets/app.js.map'],
  ['another host', 'app://evil/assets/app.js'],
  ['another port', 'app://mandate:8080/assets/app.js'],
  ['a name in front of the host', 'app://a@mandate/assets/app.js'],
  ['a question', 'app://mandate/assets/app.js?a=b'],
  ['another scheme', 'file:///assets/app.js'],
] as const)('%s leads to nothing', async ([, url]) => {
  const response = answer({ url, method: 'GET' })
  expect([response.status, await response.text()]).toEqual([404, ''])
})

test('nothing can be sent to it', () => {
  expect(answer({ url: 'app://mandate/', method: 'POST' }).status).toBe(404)
})

test('a folder without a page is a fault at start', () => {
  expect(() => readPage(join(folder, 'page/assets'))).toThrow('there is no page')
})
