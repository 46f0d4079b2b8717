/**
 * Domain services and the resource types that they are registered for. Read-only: the PDP's configuration names them.
 *
 * @module
 */
import type { JSX } from 'preact'
import { api } from './api.ts'
import { Cell, Listing, Section } from './parts.tsx'
import { useRead } from './use.ts'

export function Services(): JSX.Element {
  const read = useRead(api.services)
  return (
    <Section
      title="Services"
      about="Which client may register, transfer and ask about resources of which types. The configuration of the PDP decides it (PDP_SERVICES), so that it is reviewed with the deployment."
      read={read}
    >
      {(services) => (
        <Listing
          items={services}
          empty="No service is registered: the PDP makes no decision about any resource."
          caption="Services"
          heads={['Client', 'Resource types']}
        >
          {({ id, types }) => (
            <tr key={id}>
              <Cell label="Client">
                <code>{id}</code>
              </Cell>
              <Cell label="Resource types">{types.join(', ')}</Cell>
            </tr>
          )}
        </Listing>
      )}
    </Section>
  )
}
