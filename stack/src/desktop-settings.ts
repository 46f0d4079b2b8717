/**
 * Settings of the desktop app for the demo: service addresses, and the log's verifier keys. Contains no secret.
 *
 * @module
 */
import type { DesktopConfig } from '@mandate/desktop/core'
import type { Run } from './state.ts'

/**
 * Derives the settings from the demo's run file.
 *
 * @param keys - Content of the file with the log's verifier keys, one per line.
 * @returns `undefined` when an older version wrote the run file, without service addresses.
 */
export function desktopSettings({ url, issuer, trips, care, agent }: Run, keys: string): DesktopConfig | undefined {
  if (issuer === undefined || trips === undefined || agent === undefined) return undefined
  return {
    issuer,
    clientId: 'desktop',
    services: { pdp: url, trips, ...(care === undefined ? {} : { care }) },
    agents: [{ id: 'booking-agent', title: 'Booking agent', url: agent }],
    logKeys: keys.split('\n').filter((line) => line !== ''),
  }
}
