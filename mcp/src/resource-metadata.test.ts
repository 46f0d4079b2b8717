/** Protected resource metadata at every path where a client of the MCP specification looks, and the challenge that names it. */
import { expect, test } from 'vitest'
import { protectedResource } from './index.ts'
import { useNotes } from './notes.harness.ts'

const notes = useNotes()

test('the challenge names metadata and scope, and the metadata names the issuer', async () => {
  const { status, headers } = await fetch(`${notes.url()}/mcp`, { method: 'POST' })
  const challenge = headers.get('www-authenticate') ?? ''
  expect([status, challenge]).toEqual([401, expect.stringContaining('scope="notes"')])
  const url = /resource_metadata="(?<url>[^"]+)"/u.exec(challenge)?.groups?.['url'] ?? ''
  expect(url).toBe(`${notes.url()}/.well-known/oauth-protected-resource/mcp`)
  expect(await (await fetch(url)).json()).toEqual({
    resource: `${notes.url()}/mcp`,
    authorization_servers: [notes.issuer().issuer],
    scopes_supported: ['notes'],
    bearer_methods_supported: ['header'],
  })
})

test('the root has the same document; another path has none', async () => {
  const root = await (await fetch(`${notes.url()}/.well-known/oauth-protected-resource`)).json()
  expect(root).toMatchObject({ resource: `${notes.url()}/mcp` })
  expect((await fetch(`${notes.url()}/.well-known/oauth-protected-resource/other`)).status).toBe(401)
})

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

test('behind a base path, and for endpoints below, each path has the resource that it is made from', () => {
  const resource = protectedResource({
    ...{ baseUrl: 'https://a.example/lab', below: ['/folders/:id'] },
    ...{ authorizationServers: ['https://id.example'], scopes: ['lab'] },
  })
  expect(resource.url()).toBe(`https://a.example${WELL_KNOWN}/lab/mcp`)
  expect(resource.paths).toEqual([
    WELL_KNOWN,
    `${WELL_KNOWN}/mcp`,
    `${WELL_KNOWN}/lab/mcp`,
    `${WELL_KNOWN}/mcp/folders/:id`,
    `${WELL_KNOWN}/lab/mcp/folders/:id`,
  ])
  const resourceAt = (path: string) => resource.documentAt(path)?.['resource']
  expect(
    ['', '/mcp', '/lab/mcp', '/lab/mcp/folders/f1', '/mcp/folders/f1'].map((path) => resourceAt(WELL_KNOWN + path)),
  ).toEqual([
    'https://a.example/lab/mcp',
    'https://a.example/lab/mcp',
    'https://a.example/lab/mcp',
    'https://a.example/lab/mcp/folders/f1',
    'https://a.example/lab/mcp/folders/f1',
  ])
  for (const path of [`${WELL_KNOWN}x`, `${WELL_KNOWN}/mcp/folders/a/b`, '/mcp', `${WELL_KNOWN}/folders/f1`])
    expect(resourceAt(path)).toBeUndefined()
})
