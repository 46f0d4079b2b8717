/**
 * Domain services and the resource types that they are registered for. Read-only: the PDP's configuration names them.
 *
 * @module
 */
import type { JSX } from 'preact'
import { api } from './api.ts'
import { Cell, Section, Table } from './parts.tsx'
import { useRead } from './use.ts'

export function Services(): JSX.Element {
  const read = useRead(api.services)
  return (
    <Section
      title="Services"
      about="Which client may register, transfer and ask about resources of which types. The configuration of the PDP decides it (PDP_SERVICES), so that it is reviewed with the deployment."
      read={read}
    >
      {(services) =>
        services.length === 0 ? (
          <p class="aside">No service is registered: the PDP makes no decision about any resource.</p>
        ) : (
          <Table caption="Services" heads={['Client', 'Resource types']}>
            {services.map(({ id, types }) => (
              <tr key={id}>
                <Cell label="Client">
                  <code>{id}</code>
                </Cell>
                <Cell label="Resource types">{types.join(', ')}</Cell>
              </tr>
            ))}
          </Table>
        )
      }
    </Section>
  )
}
