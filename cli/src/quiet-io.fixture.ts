/** Streams and environment of a command line in tests. */
import type { Io } from './io.ts'

/** An environment in which nothing is configured, and what was printed. */
export function quietIo(): { readonly io: Io; readonly printed: { out: string; err: string } } {
  const printed = { out: '', err: '' }
  const io: Io = {
    out: (text) => {
      printed.out += text
    },
    err: (text) => {
      printed.err += text
    },
    environment: {},
  }
  return { io, printed }
}
