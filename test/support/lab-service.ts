/**
 * A service of the pack `test/packs/lab-orders`, on `@mandate/pep`, as somebody with a domain of their own would write it.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { authzOf, createPdpAdmin, createPep, foundOf, permitOf, problems } from '@mandate/pep'
import { parseLabelIds } from '@mandate/protocol'
import express from 'express'

export interface LabService {
  readonly url: string
  readonly close: () => Promise<void>
}

interface Sample {
  readonly id: string
  readonly order: string
  readonly blood_volume: number
  readonly drawn_at: string
}

const DAY_MS = 86_400_000
/** Of a decision: long enough for a busy machine. */
const TIMEOUT_MS = 10_000

/** Starts it where its environment says. @param environment - Content of the file that `mandate service add` writes. */
export async function startLabService(environment: string): Promise<LabService> {
  const set = Object.fromEntries(environment.split('\n').map((line) => line.split(/=(.*)/u).slice(0, 2)))
  const account = {
    issuer: set['MANDATE_ISSUER'],
    pdpUrl: set['MANDATE_PDP_URL'],
    credentials: { clientId: set['MANDATE_CLIENT_ID'], clientSecret: set['MANDATE_CLIENT_SECRET'] },
  }
  const interactiveClients = set['MANDATE_INTERACTIVE_CLIENTS'].split(',')
  const pep = createPep({ ...account, audience: set['MANDATE_AUDIENCE'], interactiveClients, timeoutMs: TIMEOUT_MS })
  const pdp = createPdpAdmin(account)
  const names = new Map<string, string>()
  const samples = new Map<string, Sample>()

  const app = express()
  app.use(pep.authenticate(), express.json())
  const ordering = {
    action: 'order',
    resource: (req: express.Request) => ({ type: 'lab_account', id: authzOf(req).subject.id }),
  }
  app.post('/orders', pep.enforce(ordering), async (req, res) => {
    const { subject, persona } = authzOf(req)
    const order = randomUUID()
    const owner = { owner: `user:${subject.id}`, ...(persona !== undefined && { owner_persona: persona }) }
    await pdp.register({ type: 'lab_order', id: order, ...owner })
    const drawn_at = new Date(Date.now() + 3 * DAY_MS).toISOString()
    const made = [8, 40].map((blood_volume) => ({ id: randomUUID(), order, blood_volume, drawn_at }))
    for (const sample of made) {
      await pdp.register({ type: 'lab_sample', id: sample.id, parent: `lab_order:${order}` })
      samples.set(sample.id, sample)
      names.set(`lab_sample:${sample.id}`, `Vial of ${sample.blood_volume} ml`)
    }
    names.set(`lab_order:${order}`, 'Blood panel of the spring')
    res.status(201).json({ order, samples: made.map(({ id }) => id) })
  })
  const releasing = {
    action: 'release',
    resource: (req: express.Request) => {
      const id = String(req.params['sample'])
      const { blood_volume, drawn_at } = samples.get(id) ?? {}
      return { type: 'lab_sample', id, properties: { blood_volume, drawn_at } }
    },
  }
  app.post('/samples/:sample/release', pep.enforce(releasing), (req, res) => {
    res.json({ released: true, chain: permitOf(req).chain.map(({ delegate }) => delegate) })
  })
  app.get('/labels', pep.filter({ action: 'read', type: 'lab_order' }), (req, res) => {
    const readable = new Set(foundOf(req).ids)
    const labels = parseLabelIds(req.query['ids']).flatMap((id) => {
      const order = id.startsWith('lab_order:')
        ? id.slice('lab_order:'.length)
        : samples.get(id.slice('lab_sample:'.length))?.order
      const name = names.get(id)
      return order !== undefined && readable.has(order) && name !== undefined ? [[id, name]] : []
    })
    res.json({ labels: Object.fromEntries(labels) })
  })
  app.use(problems())
  pep.assertGuarded(app)
  const server = app.listen(Number(set['PORT']), '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${set['PORT']}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await Promise.all([pep.close(), pdp.close()])
    },
  }
}
