/**
 * The environment of a PDP whose own cost is measured: no limit of rates is in its way.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type OpenFga, startOpenFga } from '@mandate/stack'
import { startIssuer, type TestIssuer } from '../../fixtures/issuer.ts'

/** A folder, an issuer and an OpenFGA in memory, until the stack closes. */
export async function openSurroundings(closing: AsyncDisposableStack) {
  const dir = mkdtempSync(join(tmpdir(), 'mandate-bench-'))
  closing.defer(() => rmSync(dir, { recursive: true, force: true }))
  const issuer = await startIssuer()
  closing.defer(() => issuer.stop())
  const openFga = await startOpenFga({ engine: 'memory' })
  closing.defer(() => openFga.stop())
  return { dir, issuer, openFga }
}

export const environmentOf = (
  { issuer }: TestIssuer,
  openFga: OpenFga,
  dir: string,
): Readonly<Record<string, string>> => ({
  PDP_PORT: '0',
  PDP_ISSUER: issuer,
  PDP_DATA_DIR: join(dir, 'pdp'),
  PDP_LOG_ORIGIN: 'bench.invalid/log',
  PDP_SERVICES: 'trips=workflow+workflow_item+travel_account',
  OPENFGA_URL: openFga.url,
  OPENFGA_API_TOKEN: openFga.apiToken,
  PDP_SERVICE_PER_SECOND: '1000000',
  PDP_ADDRESS_PER_SECOND: '1000000',
})
