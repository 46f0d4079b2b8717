/**
 * The latest run of a trip, updated live.
 *
 * @module
 */
import { useState } from 'preact/hooks'
import type { Run } from '../../../../src/shared/views.ts'
import { useAround, useCall, useEvent } from '../../store/hooks.tsx'

export interface Runs {
  readonly latest: Run | undefined
  /** Shows a run that was just started. */
  readonly begun: (run: Run) => void
}

export function useRuns(trip: string): Runs {
  const { cache } = useAround()
  const listed = useCall('runs.list')
  const [told, setTold] = useState<Run>()
  useEvent('run', (run) => {
    if (run.workflow !== trip) return
    setTold((before) => (before && before.id !== run.id && before.started_at > run.started_at ? before : run))
    // Reloads trips and activity.
    if (run.status !== 'running') cache.changed(['trips', 'runs', 'activity'])
  })
  const known = listed.state === 'there' ? listed.value.items.find(({ workflow }) => workflow === trip) : undefined
  const isToldNewer = told !== undefined && (known === undefined || told.started_at >= known.started_at)
  // Events of a short run may arrive before the result of `runs.start`.
  const begun = (run: Run): void => setTold((before) => (before?.id === run.id ? before : run))
  return { latest: isToldNewer ? told : known, begun }
}
