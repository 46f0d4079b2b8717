/**
 * The settings of a desktop app on a demo: which addresses, and the key that the log is verified with. Nothing in them is secret.
 *
 * @module
 */
import type { DesktopConfig } from '@mandate/desktop/core'
import type { Run } from './state.ts'

/**
 * @param keys - The text of the file with the log's verifier keys, one a line.
 * @returns `undefined` for a demo of a version that did not say where its services are.
 */
export function desktopSettings({ url, issuer, trips, agent }: Run, keys: string): DesktopConfig | undefined {
  if (issuer === undefined || trips === undefined || agent === undefined) return undefined
  return {
    issuer,
    clientId: 'desktop',
    services: { pdp: url, trips },
    agents: [{ id: 'booking-agent', title: 'Booking agent', url: agent }],
    logKeys: keys.split('\n').filter((line) => line !== ''),
  }
}
