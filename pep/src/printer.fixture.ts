/**
 * The example of the README for batches, so that it is compiled, linted and run: `readme.test.ts` holds the two together, word for word.
 *
 * @module
 */
import { authzOf, createPep, disclosed, type PepOptions, problems } from '@mandate/pep'
import express from 'express'

const pagesOf = new Map([
  ['n1', 1],
  ['n2', 400],
])

/** Prints what may be printed. */
export function createPrinter(options: PepOptions) {
  const pep = createPep(options)
  const app = express()
  app.use(pep.authenticate())
  const each = {
    action: 'print',
    resources: () => [...pagesOf].map(([id, pages]) => ({ type: 'note', id, properties: { pages } })),
  }
  app.post('/print', pep.enforceEach(each), (req, res) => {
    const authz = authzOf(req)
    res.json({ items: (authz.items ?? []).map((outcome) => disclosed(outcome, authz)) })
  })
  app.post('/print/dry-run', pep.dryRun(each))
  app.use(problems())
  pep.assertGuarded(app)
  return { app, close: pep.close }
}
