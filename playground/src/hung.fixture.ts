/**
 * A worker thread that hangs, or needs too much memory, as a play can. A check tells its temporary folder.
 *
 * @module
 */
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', ({ id, play }: { readonly id: number; readonly play: { readonly kind: string } }) => {
  const folder = { line: 1, message: process.env['TMPDIR'] }
  if (play.kind === 'check') return parentPort?.postMessage({ id, result: { mistakes: [folder] } })
  const kept: unknown[] = []
  for (;;) if (play.kind === 'ask') kept.push(new Array(100_000).fill(kept.length))
})
parentPort?.postMessage({ ready: true })
