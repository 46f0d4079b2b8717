import { createPep, type PepOptions, problems } from '@mandate/pep'
import express from 'express'
import { z } from 'zod'
import { createToolServer, defineTool, protectedResource, toolResult } from './index.ts'

const notes = new Map([['n1', { text: 'Buy bread', pages: 1 }]])
const noteOf = (id: string) => ({ type: 'note', id, properties: { pages: notes.get(id)?.pages ?? 0 } })

const printNotes = defineTool({
  name: 'print_notes',
  description: 'Prints notes.',
  inputSchema: z.strictObject({ notes: z.array(z.string()).min(1) }),
  action: 'print',
  resource: ({ notes: ids }) => ids.map(noteOf), // what a call is about: all must be permitted
  listed: { resources: () => [...notes.keys()].map(noteOf), argument: 'notes' }, // permitted ids become the enum
  run: ({ notes: ids }, { authz }) => toolResult({ printed: ids, for: authz.subject.type }),
})

export function createNotes(options: PepOptions, baseUrl: string) {
  const resource = protectedResource({ baseUrl, authorizationServers: [options.issuer], scopes: ['notes'] })
  const pep = createPep({ ...options, challenge: { scope: 'notes', resourceMetadata: resource.url() } })
  const mcp = createToolServer({ name: 'notes', version: '1.0.0', pep, tools: [printNotes] })
  const app = express()
  app.get([...resource.paths], pep.open('protected resource metadata are public (RFC 9728)'), resource.handler)
  app.use(pep.authenticate(), express.json({ limit: '64kb' }))
  app.all('/mcp', pep.open('each call of a tool is decided'), mcp.handler)
  app.use(problems())
  pep.assertGuarded(app)
  return { app, close: () => Promise.all([mcp.close(), pep.close()]) }
}
