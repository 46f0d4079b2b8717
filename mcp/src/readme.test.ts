/** The example of the README, as it stands there. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { listen, startTestIssuer, startTestPdp, stop } from '@mandate/pep/testing'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { createNotes } from './printing.fixture.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

test('it is the code that is tested here', () => {
  const block = /```ts\n(?<code>import \{ createPep[\s\S]*?)```/u.exec(read('../README.md'))?.groups?.['code']
  expect(block?.replace("'@mandate/mcp'", "'./index.ts'")).toBe(read('./printing.fixture.ts'))
})

test('it lists and prints what is permitted', async () => {
  const [issuer, pdp, server] = [await startTestIssuer(), await startTestPdp(), createServer()]
  const url = await listen(server)
  const credentials = { apiKey: 'a key for tests' }
  const notes = createNotes({ issuer: issuer.issuer, audience: 'notes', pdpUrl: pdp.url, credentials }, url)
  onTestFinished(async () => {
    await stop(server)
    await Promise.all([notes.close(), pdp.close(), issuer.close()])
  })
  server.on('request', notes.app)
  const client = new Client({ name: 'tests', version: '0' }, { versionNegotiation: { mode: 'auto' } })
  const headers = { authorization: `Bearer ${await issuer.sign({ aud: 'notes' })}` }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }))
  expect(client.getProtocolEra()).toBe('modern')
  expect((await client.listTools()).tools).toMatchObject([
    { name: 'print_notes', inputSchema: { properties: { notes: { items: { enum: ['n1'] } } } } },
  ])
  expect((await client.callTool({ name: 'print_notes', arguments: { notes: ['n1'] } })).structuredContent).toEqual({
    printed: ['n1'],
    for: 'user',
  })
  await client.close()
})
