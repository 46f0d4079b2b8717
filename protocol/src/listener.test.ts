import { expect, test } from 'vitest'
import { requestTimeouts } from './listener.ts'

test.for([{}, { headersWithinMs: 100, requestWithinMs: 200 }, { headersWithinMs: 5_000, requestWithinMs: 5_000 }])(
  'a client is cut off within the time it is given, the wait for the next look included: %j',
  (patience) => {
    const { headersWithinMs, requestWithinMs } = { headersWithinMs: 10_000, requestWithinMs: 30_000, ...patience }
    const { headersTimeout, requestTimeout, connectionsCheckingInterval } = requestTimeouts(patience)
    expect(headersTimeout + connectionsCheckingInterval).toBe(headersWithinMs)
    expect(requestTimeout + connectionsCheckingInterval).toBe(requestWithinMs)
    expect(headersTimeout).toBeGreaterThanOrEqual(headersWithinMs * 0.9)
  },
)
