/**
 * Every HTTP listener of ours, found in the sources: none leaves the time of a slow client, or the headers of a page, to Node's defaults.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/compose-file.ts'

const sources = globSync(
  ['{auditor,cases,cli,desktop,issuer,mcp,pdp,pep,playground,service,stack}/src/**/*.ts', 'examples/*/src/**/*.ts'],
  {
    cwd: ROOT,
  },
)
  .filter((path) => !/\.(test|fixture|harness)\.ts$|^pep\/src\/testing\.ts$/u.test(path))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
const listening = sources.filter(({ text }) => /import \{[^}]*\bcreateServer\b[^}]*\} from 'node:https?'/u.test(text))
const withHelmet = sources.filter(({ text }) => text.includes("from 'helmet'"))

describe('a client that never ends its headers is cut off within the time that is promised', () => {
  test('there are listeners to look at', () => {
    expect(listening.map(({ path }) => path).sort()).toEqual([
      'desktop/src/browser/host.ts',
      'desktop/src/main/loopback.ts',
      'service/src/listener.ts',
    ])
  })

  test.for(listening)('$path', ({ text }) => {
    expect(text).toMatch(/\brequestTimeouts\(/u)
    expect(text).not.toMatch(/\b(headersTimeout|requestTimeout|connectionsCheckingInterval):/u)
  })
})

test.for(withHelmet)('Permissions-Policy stands beside the other headers: $path', ({ text }) => {
  expect(text).toMatch(/\bPERMISSIONS_POLICY\b|\bpermissionsPolicy\b/u)
})
