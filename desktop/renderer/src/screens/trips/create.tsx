/**
 * A new trip from a template.
 *
 * @module
 */
import { minuteOf } from '@mandate/ui'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Template, Trip } from '../../../../src/shared/views.ts'
import { Dialog, DialogEnd } from '../../parts/dialog.tsx'
import { Choice } from '../../parts/field.tsx'
import { InstantField } from '../../parts/instant-field.tsx'
import { Problem, States } from '../../parts/states.tsx'
import { announce } from '../../parts/toast.tsx'
import { Money } from '../../parts/words.tsx'
import { useAction, useCall } from '../../store/hooks.tsx'
import { strings } from '../../strings.ts'
import { sumOf } from './sum.ts'

const TEXTS = strings.trips
const DAY_MS = 86_400_000

interface CreateTripProps {
  readonly onClose: () => void
  readonly onCreated: (trip: Trip) => void
}

export function CreateTrip({ onClose, onCreated }: CreateTripProps): JSX.Element {
  const templates = useCall('trips.templates')
  return (
    <Dialog title={TEXTS.create} onClose={onClose}>
      <States loaded={templates}>
        {({ items }) => <CreateForm templates={items} onClose={onClose} onCreated={onCreated} />}
      </States>
    </Dialog>
  )
}

function CreateForm(props: CreateTripProps & { readonly templates: readonly Template[] }): JSX.Element {
  const { templates, onClose, onCreated } = props
  const [chosen, choose] = useState(templates[0]?.id)
  const [departs, setDeparts] = useState<string>()
  const create = useAction('trips.create', ['trips'])
  const template = templates.find(({ id }) => id === chosen)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!template) return
    const answer = await create.run({
      template: template.id,
      ...(departs === undefined ? {} : { starts_at: departs }),
    })
    if (!answer.ok) return
    announce(TEXTS.created(template.title))
    onCreated(answer.value)
  }
  const options = templates.map((one) => ({ value: one.id, label: <TemplateWords template={one} /> }))
  return (
    <form class="dialog-body" onSubmit={(event) => void submit(event)}>
      <Choice
        legend={TEXTS.chooseTemplate}
        name="template"
        form="list"
        options={options}
        value={chosen}
        onChoose={choose}
      />
      {template && (
        <InstantField
          label={TEXTS.departs}
          help={TEXTS.departsHelp(template.departs_in_days)}
          name="starts_at"
          problem={create.problem}
          value={departs}
          onChange={setDeparts}
        />
      )}
      <Problem problem={create.problem} />
      <DialogEnd onClose={onClose}>
        <button type="submit" class="button primary" disabled={create.isBusy || !template}>
          {create.isBusy ? strings.saving : TEXTS.createAction}
        </button>
      </DialogEnd>
    </form>
  )
}

function TemplateWords({ template }: { readonly template: Template }): JSX.Element {
  const { title, items, departs_in_days: days } = template
  const total = sumOf(items.map(({ planned_price: price }) => price))
  return (
    <span class="template">
      <span class="template-title">{title}</span>
      <span class="template-about">
        {strings.list(items.map(({ name }) => name))}
        {total && (
          <>
            {', '}
            <Money {...total} />
          </>
        )}
        {`, ${minuteOf(Date.now() + days * DAY_MS).split(',')[0]}`}
      </span>
    </span>
  )
}
