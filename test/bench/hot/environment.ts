/**
 * The environment of a PDP whose own cost is measured: no limit of rates is in its way.
 *
 * @module
 */
import { join } from 'node:path'
import type { OpenFga } from '@mandate/stack'
import type { TestIssuer } from '../../fixtures/issuer.ts'

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
