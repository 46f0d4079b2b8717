/**
 * Handlers of operations without a token: metrics, health, metadata and the OpenAPI document.
 *
 * @module
 */
import type { RequestHandler } from 'express'
import type { Metrics } from '../runtime/metrics.ts'
import { jwksRoute, type MetadataDeps, metadataRoute } from './metadata.ts'
import { openApiDocument } from './openapi/document.ts'
import { isReadyWithout, type Part } from './readiness.ts'
import { operationsNetworkOnly } from './request-metrics.ts'
import { type SignalMetadataDeps, signalKeysRoute, ssfConfigurationRoute } from './signal-metadata.ts'

export interface MonitoringDeps extends MetadataDeps, SignalMetadataDeps {
  readonly metrics: Metrics
  /** Returns the parts that do not work now. */
  readonly missing: () => Promise<readonly Part[]>
  /** Returns a sentence for operators about each limit of the engine that is too low, with the remedy. */
  readonly lowLimits: () => Promise<readonly string[]>
  /** Why the policies in force cannot be used here. */
  readonly policyRefusal: () => string | undefined
}

export const monitoringHandlers = (deps: MonitoringDeps) => ({
  metrics: [operationsNetworkOnly, metricsRoute(deps)],
  live: ((_req, res) => void res.json({ status: 'alive' })) satisfies RequestHandler,
  ready: readinessRoute(deps),
  metadata: metadataRoute(deps),
  metadataKeys: jwksRoute(deps),
  ssfConfiguration: ssfConfigurationRoute(deps),
  signalKeys: signalKeysRoute(deps),
  openapi: documentRoute(deps),
})

function metricsRoute({ metrics }: MonitoringDeps): RequestHandler {
  return async (_req, res) => {
    const { type, text } = await metrics.read()
    res.set('content-type', type).send(text)
  }
}

function readinessRoute({ missing, lowLimits, policyRefusal }: MonitoringDeps): RequestHandler {
  return async (_req, res) => {
    const absent = await missing()
    const ready = isReadyWithout(absent)
    const limits = absent.includes('openfga_limits') ? await lowLimits() : []
    const refusal = absent.includes('policies') ? policyRefusal() : undefined
    const mend = [...limits, ...(refusal === undefined ? [] : [refusal])]
    const body = { status: ready ? 'ready' : 'not ready', missing: absent, ...(mend.length > 0 ? { mend } : {}) }
    res.status(ready ? 200 : 503).json(body)
  }
}

/** Serves the OpenAPI document. Builds it at the first request: that takes a quarter of a second, which would delay the start. */
function documentRoute({ publicUrl }: MonitoringDeps): RequestHandler {
  let document: ReturnType<typeof openApiDocument> | undefined
  return (_req, res) => {
    document ??= openApiDocument(publicUrl())
    res.set('cache-control', 'public, max-age=3600').json(document)
  }
}
