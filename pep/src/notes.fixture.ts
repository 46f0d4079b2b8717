/**
 * The example of the README for Express, so that it is compiled, linted and run: `readme.test.ts` holds the two together, word for word.
 *
 * @module
 */
import { createPep, type PepOptions, problems } from '@mandate/pep'
import express from 'express'

const notes = new Map([
  ['n1', 'Buy bread'],
  ['n2', 'Memoirs'],
])

export function createNotes(options: PepOptions) {
  const pep = createPep(options)
  const app = express()
  app.get('/livez', pep.open('says only that the process runs'), (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.use(pep.authenticate())
  const note = pep.enforce('/notes/:id', {
    action: 'read',
    resource: (req) => ({ type: 'note', id: req.params.id }),
  })
  app.get('/notes/:id', note, (req, res) => {
    res.json({ text: notes.get(req.params.id) }) // runs on a permit only
  })
  app.use(problems()) // RFC 9457 for whatever is thrown
  pep.assertGuarded(app) // last: names every route without a guard, and throws
  return { app, close: pep.close }
}
