/**
 * The channel over Electron's IPC. Accepts messages only from the main frame of our own window with our own origin, and sends only to it.
 *
 * @module
 */
import type { IpcMain, IpcMainInvokeEvent, WebContents } from 'electron'
import type { Core } from '../main/host.ts'
import { CALL_CHANNEL, EVENT_CHANNEL, refusal } from '../shared/messages.ts'
import { answerCall, forwardEvents } from './channel.ts'
import { ORIGIN } from './protocol.ts'

/** Electron's side of the channel: where calls arrive, the core that answers them, and the window that events go to. */
export interface IpcDeps {
  readonly ipc: Pick<IpcMain, 'handle'>
  readonly core: Pick<Core, 'call' | 'listen'>
  /** Contents of the present window, if there is one. */
  readonly contents: () => WebContents | undefined
}

/** To be called once: the window may be closed and opened again. */
export function connectIpc({ ipc, core, contents }: IpcDeps): void {
  ipc.handle(CALL_CHANNEL, async (event, message: unknown) => {
    return isOurWindow(event, contents()) ? await answerCall(core, message) : refusal('bad_call')
  })
  forwardEvents(core, (message) => {
    const shown = contents()
    if (shown && !shown.isDestroyed() && shown.mainFrame.origin === ORIGIN) shown.send(EVENT_CHANNEL, message)
  })
}

/** `senderFrame` is `null` when the frame was destroyed or has navigated: refused. */
function isOurWindow(
  { sender, senderFrame }: Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>,
  contents: WebContents | undefined,
): boolean {
  if (contents === undefined || sender !== contents || senderFrame === null) return false
  return senderFrame === contents.mainFrame && senderFrame.origin === ORIGIN
}
