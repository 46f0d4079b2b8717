/**
 * Dialog to reschedule an item, with a check for concurrent changes.
 *
 * @module
 */
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Item } from '../../../../src/shared/views.ts'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { InstantField } from '../../parts/instant-field.tsx'
import { Problem } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { useAction, useAround } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'

const TEXTS = strings.move
const CONFLICTS: ReadonlySet<string> = new Set(['precondition_failed', 'conflict'])

/** @param item - The present item; may be replaced by a newer version while the dialog is open. */
export function MoveDialog(props: { trip: string; item: Item; onClose: () => void }): JSX.Element {
  const { trip, item, onClose } = props
  const { cache } = useAround()
  const [start, setStart] = useState<string | undefined>(item.starts_at)
  const move = useAction('trips.reschedule', ['trips'])
  const name = strings.capital(item.name)
  const isConflict = move.problem !== undefined && CONFLICTS.has(move.problem.code)
  // After a concurrent change shows the new value, for the person to choose again.
  useEffect(() => setStart(item.starts_at), [item.version, item.starts_at])
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (start === undefined) return
    const answer = await move.run({ trip, item: item.id, version: item.version, starts_at: start })
    if (answer.ok) {
      announce(TEXTS.moved(name))
      onClose()
    } else if (CONFLICTS.has(answer.problem.code)) cache.changed(['trips'])
  }
  return (
    <Dialog title={TEXTS.title(name)} onClose={onClose}>
      <form class="dialog-body" onSubmit={(event) => void submit(event)}>
        <InstantField
          label={TEXTS.when}
          name="starts_at"
          problem={move.problem}
          value={start}
          isRequired
          onChange={setStart}
        />
        {item.status !== 'planned' && <p class="aside">{TEXTS.changes(item.name)}</p>}
        <Problem problem={move.problem} {...(isConflict ? { words: TEXTS.conflict } : {})} />
        <DialogEnd onClose={onClose}>
          <button type="submit" class="button primary" disabled={move.isBusy}>
            {move.isBusy ? strings.saving : TEXTS.action}
          </button>
        </DialogEnd>
      </form>
    </Dialog>
  )
}
