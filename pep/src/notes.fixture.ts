/**
 * The example of the README, so that it is compiled, linted and run: `readme.test.ts` holds the two together, word for word.
 *
 * @module
 */
import { authzOf, createPep, disclosed, type PepOptions, problems } from '@mandate/pep'
import express from 'express'

const notes = new Map([
  ['n1', { text: 'Buy bread', pages: 1 }],
  ['n2', { text: 'Memoirs', pages: 400 }],
])

export function createNotes(options: PepOptions) {
  const pep = createPep(options)
  const app = express()
  app.get('/livez', pep.open('says only that the process runs'), (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.use(pep.authenticate(), express.json({ limit: '16kb' }))

  // One question. The handler runs on a permit only.
  const note = pep.enforce({
    action: 'read',
    resource: (req) => ({ type: 'note', id: String(req.params['id']) }),
  })
  app.get('/notes/:id', note, (req, res) => {
    res.json(notes.get(String(req.params['id'])) ?? {})
  })

  // One batch. The handler always runs, and does what was permitted.
  const each = {
    action: 'print',
    resources: () => [...notes].map(([id, { pages }]) => ({ type: 'note', id, properties: { pages } })),
  }
  app.post('/print', pep.enforceEach(each), (req, res) => {
    const authz = authzOf(req)
    res.json({ items: (authz.items ?? []).map((outcome) => disclosed(outcome, authz)) })
  })
  app.post('/print/dry-run', pep.dryRun(each))

  app.use(problems()) // RFC 9457 for whatever is thrown
  pep.assertGuarded(app) // last: names every route without a guard, and throws
  return { app, close: pep.close }
}
